import type { Cluster, Redis } from 'ioredis';
import { after, cancel, type Timer } from '../time/timers';
import { addressOf, hideArguments, REQUIRED } from './connection';
import { readInTurns } from './reading';

/** ms; the shortest interval between attempts to connect to a node. */
const MOVE_AFTER = 100;

/**
 * A connection to any one node of a Cluster: each node forwards what is published on all of them. When the connection
 * breaks, or its node leaves the Cluster, it moves to another node. ioredis' own Cluster subscriber also moves, but
 * without notice, and messages published meanwhile are lost.
 */
export class NodeSubscriber {
  private node: Redis | null = null;
  private timer: Timer | null = null;
  private stopped = false;

  /** @param cluster knows the nodes */
  constructor(
    private readonly cluster: Cluster,
    private readonly on: {
      /** Connected to a node; no channel is subscribed yet. */
      connected: (node: Redis) => void;
      failed: (node: Redis, cause: unknown) => void;
      /** The connection was lost, or could not be made; another attempt follows. */
      closed: () => void;
    },
  ) {
    for (const change of ['ready', '+node', '-node']) cluster.on(change, () => this.ensureConnected());
  }

  stop(): void {
    this.stopped = true;
    cancel(this.timer);
    this.node?.disconnect();
  }

  /** Connects to one of the nodes that the Cluster knows, unless connected. */
  private ensureConnected(): void {
    const nodes = this.cluster.nodes();
    if (this.stopped || this.timer || this.cluster.status !== 'ready') return;
    const at = this.node && addressOf(this.node);
    if (nodes.some((node) => addressOf(node) === at)) return;
    this.node?.disconnect();
    const chosen = nodes[Math.floor(Math.random() * nodes.length)];
    if (chosen) this.node = this.connect(chosen);
  }

  private connect(known: Redis): Redis {
    const node = known.duplicate({
      ...REQUIRED,
      autoResubscribe: false,
      readOnly: false,
      // Reconnect here instead, possibly to another node.
      retryStrategy: null,
    });
    readInTurns(node);
    let wasReady = false;
    node.on('ready', () => {
      wasReady = true;
      if (node === this.node) this.on.connected(node);
    });
    node.on('error', hideArguments);
    node.on('error', (cause) => this.on.failed(node, cause));
    node.on('end', () => {
      // This makes the Cluster notice a missing node, and look for others.
      if (!wasReady && !this.stopped) known.ping().catch(() => {});
      if (node !== this.node) return;
      this.on.closed();
      this.moveOn();
    });
    return node;
  }

  private moveOn(): void {
    this.node = null;
    if (this.stopped) return;
    this.timer = after(MOVE_AFTER, () => {
      this.timer = null;
      this.ensureConnected();
    });
  }
}
