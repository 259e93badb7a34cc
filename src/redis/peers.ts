import type { Redis } from 'ioredis';
import { type Client, isCluster } from './connection';
import type { Keys } from './keys';
import { listenersReply } from './replies';
import { scriptCall } from './script-call';
import type { Transport } from './transport';

/** ms for which an answer to a roll call is kept. */
const ANSWER_KEPT = 5000;

/** Roll calls, answers and presence of instances. Rejects if Redis refuses. */
export class Peers {
  /** @param instance our id on the bell */
  constructor(
    private readonly client: Client,
    private readonly keys: Keys,
    private readonly transport: Transport,
    private readonly instance: string,
  ) {}

  /** Publishes on the bell without changing anything. Resolves with the number of instances that received it. */
  ring(kind: 'roll' | 'here', name: string): Promise<number> {
    this.transport.flush();
    return this.client.publish(this.keys.bell, `${kind} ${this.instance} ${name}`);
  }

  /** Starts a roll call with its own id. Every instance that receives it answers with `present`. */
  ringWho(roll: string): Promise<number> {
    this.transport.flush();
    return this.client.publish(this.keys.bell, `who ${this.instance} ${roll}`);
  }

  /** Announces that this instance quits. */
  ringQuit(): Promise<number> {
    this.transport.flush();
    return this.client.publish(this.keys.bell, `quit ${this.instance}`);
  }

  /** Answers a roll call, with JSON. */
  present(roll: string, answer: string): Promise<void> {
    const of = { keys: this.keys, caller: this.instance, name: roll };
    return this.transport.call(scriptCall('present', of, { answer, ttlMs: ANSWER_KEPT }), () => {});
  }

  /** The number of instances that listen to the bell, as far as this server knows; 0 if unknown. */
  async listeners(): Promise<number> {
    return listenersReply(await this.client.pubsub('NUMSUB', this.keys.bell));
  }

  /** Which of these instances are subscribed to their own channel: their processes live, even if frozen. */
  async connectedOf(instances: readonly string[]): Promise<Set<string>> {
    const channels = instances.map((instance) => this.keys.own(instance));
    const found = new Set<string>();
    for (const reply of await this.ofNodes((node) => node.pubsub('NUMSUB', ...channels))) {
      for (const [at, instance] of instances.entries()) {
        if (Number(reply[2 * at + 1]) > 0) found.add(instance);
      }
    }
    return found;
  }

  /** The ids of all connected instances, sorted. Redis searches the channels of all its clients for them. */
  async connected(): Promise<string[]> {
    const start = this.keys.own('');
    const pattern = `${start.replace(/[\\*?[\]]/g, '\\$&')}*`;
    const channels = await this.ofNodes((node) => node.pubsub('CHANNELS', pattern));
    return [...new Set(channels.flat().map((channel) => String(channel).slice(start.length)))].sort();
  }

  /** A Cluster node knows only its own connections. */
  private async ofNodes(ask: (node: Redis) => Promise<unknown>): Promise<unknown[][]> {
    const nodes = isCluster(this.client) ? this.client.nodes('all') : [this.client];
    return (await Promise.all(nodes.map(ask))).map((reply) => (Array.isArray(reply) ? reply : []));
  }
}
