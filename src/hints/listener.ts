import type { Redis } from 'ioredis';
import { BossmanError, messageOf } from '../errors';
import type { Teller } from '../events';
import { addressOf, type Client, isCluster } from '../redis/connection';
import type { Keys } from '../redis/keys';
import { NodeSubscriber } from '../redis/node-subscriber';
import { explained } from '../redis/refusals';
import { turns } from '../time/turns';
import { type Bell, isOfKnownKind, messagesIn, parseBell } from './bell';
import type { Trust } from './trust';

/** What the subscriber hears. All of it is a hint: it leads to a look, and a script decides. */
export interface Hints {
  onBell(bell: Bell): void;
  /** The trigger of a name, or of `demand:` and a name, expired. */
  onExpired(name: string): void;
  /** Subscribes, for the first time or again: what is heard from here on has a gap before it. */
  onSubscribing(): void;
  /** From here on the bell is heard; what was said before may have been missed. */
  onSubscribed(): void;
  /**
   * From here on the bell is not heard: the connection is away, which ioredis mends, or the channel is forbidden, so that
   * it may never be heard.
   */
  onUnheard(why: 'away' | 'forbidden'): void;
}

/** What a listener needs besides its connection. */
export interface ListenerConfig {
  keys: Keys;
  /** What this instance is called on the bell. */
  instance: string;
  trust: Trust;
  teller: Teller;
}

/** The subscriber's connection: subscribes each time that it is ready, and hands on what it hears. */
export class Listener {
  /** Where the client is a Cluster. */
  private nodeSubscriber: NodeSubscriber | null = null;
  private stopped = false;
  /** Hears each message of the bell, also those of our own claims. Null: nobody asks. */
  tap: ((message: string) => void) | null = null;
  /** How the bell of a claim of our own begins. */
  private readonly ownClaim: string;

  constructor(
    private readonly client: Client,
    private readonly config: ListenerConfig,
    private readonly hints: Hints,
  ) {
    this.ownClaim = `claim ${config.instance} `;
  }

  start(): void {
    const { client } = this;
    if (isCluster(client)) {
      this.nodeSubscriber = new NodeSubscriber(client, {
        connected: (node) => this.listenTo(node),
        failed: (node, cause) => this.nodeFailed(node, cause),
        closed: () => this.closed(),
      });
    } else {
      client.on('ready', () => void this.subscribe(client));
      this.listen(client);
      client.on('close', () => this.closed());
    }
  }

  stop(): void {
    this.stopped = true;
    this.nodeSubscriber?.stop();
  }

  private listenTo(node: Redis): void {
    this.config.teller.over('subscriber node');
    this.listen(node);
    void this.subscribe(node);
  }

  private closed(): void {
    if (!this.stopped) this.hints.onUnheard('away');
  }

  private listen(client: Redis): void {
    // One queue for both channels: messages about one slot or demand are compared in the order in which they came.
    client.on('message', (channel: string, message: string) => {
      turns.do(() => this.hear(channel, message));
    });
  }

  private nodeFailed(node: Redis, cause: unknown): void {
    if (this.stopped) return;
    const message = `the subscriber connection to ${addressOf(node)} failed (${explained(cause)}); trying another node`;
    this.config.teller.trouble(new BossmanError('CONNECTION', message, null, cause), 'subscriber node');
  }

  /** One command for each channel, as a forbidden one refuses a whole command. */
  private async subscribe(client: Redis): Promise<void> {
    this.hints.onSubscribing();
    const bell = this.subscribeTo(
      client,
      this.config.keys.bell,
      'this instance looks for demands of other instances once per ttl',
    );
    // A Cluster's notifications stay on the node they concern, so they are not used there.
    if (!this.nodeSubscriber) {
      void this.subscribeTo(
        client,
        this.config.keys.expired,
        'demands of instances of the original are not heard',
      );
    }
    // Where it is forbidden, the roll call says who is there.
    client.subscribe(this.config.keys.own(this.config.instance)).catch(() => {});
    const heard = await bell;
    if (this.stopped || client.status !== 'ready') return;
    if (heard) this.hints.onSubscribed();
    else this.hints.onUnheard('forbidden');
  }

  private async subscribeTo(client: Redis, channel: string, consequence: string): Promise<boolean> {
    try {
      await client.subscribe(channel);
      this.config.teller.over(channel);
      return true;
    } catch (cause) {
      if (this.stopped || client.status !== 'ready') return false;
      const message = `may not subscribe to ${channel} (${messageOf(cause)}): ${consequence}`;
      this.config.teller.trouble(new BossmanError('NOTIFICATIONS', message, null, cause), channel);
      return false;
    }
  }

  private hear(channel: string, message: string): void {
    if (this.stopped) return;
    if (channel === this.config.keys.bell) {
      for (const one of messagesIn(message)) this.ring(one);
    } else if (channel === this.config.keys.expired) {
      const name = this.config.keys.expiredName(message);
      if (name !== null) this.hints.onExpired(name);
    }
  }

  private ring(message: string): void {
    this.tap?.(message);
    // The most of what is rung; we know it from its answer, and sooner.
    if (message.startsWith(this.ownClaim)) return;
    const bell = parseBell(message);
    if (bell || isOfKnownKind(message)) this.config.trust.heard(bell);
    if (bell) this.hints.onBell(bell);
  }
}
