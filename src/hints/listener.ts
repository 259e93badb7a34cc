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

/** Receives what the subscriber hears. All of it is only a hint: it leads to a script call, and the script decides. */
export interface Hints {
  onBell(bell: Bell): void;
  /** The trigger of a name, or of `demand:` and a name, expired. */
  onExpired(name: string): void;
  /** A subscription begins, for the first time or again: earlier messages may have been missed. */
  onSubscribing(): void;
  /** The bell is heard from now on; earlier messages may have been missed. */
  onSubscribed(): void;
  /**
   * The bell is not heard from now on: the connection is lost, and ioredis reconnects; or the channel is forbidden, so the bell
   * may never be heard.
   */
  onUnheard(why: 'away' | 'forbidden'): void;
}

/** What a listener needs besides its connection. */
export interface ListenerConfig {
  keys: Keys;
  /** The name of this instance on the bell. */
  instance: string;
  trust: Trust;
  teller: Teller;
}

/** Subscribes each time that the subscriber's connection is ready, and passes on what it hears. */
export class Listener {
  /** Used if the client is a Cluster. */
  private nodeSubscriber: NodeSubscriber | null = null;
  private stopped = false;
  /** Receives every message on the bell, including those of our own claims; null if nobody needs them. */
  tap: ((message: string) => void) | null = null;
  /** How the bells of our own claims begin. */
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
    // One queue for both channels, because the order of messages about a slot or demand matters.
    client.on('message', (channel: string, message: string) => {
      turns.do(() => this.hear(channel, message));
    });
  }

  private nodeFailed(node: Redis, cause: unknown): void {
    if (this.stopped) return;
    const message = `the subscriber connection to ${addressOf(node)} failed (${explained(cause)}); trying another node`;
    this.config.teller.trouble(new BossmanError('CONNECTION', message, null, cause), 'subscriber node');
  }

  /** Sends one command per channel, because a forbidden channel makes Redis refuse the whole command. */
  private async subscribe(client: Redis): Promise<void> {
    this.hints.onSubscribing();
    const bell = this.subscribeTo(
      client,
      this.config.keys.bell,
      'this instance looks for demands of other instances once per ttl',
    );
    // A Cluster node does not forward its notifications, so they are not used there.
    if (!this.nodeSubscriber) {
      void this.subscribeTo(
        client,
        this.config.keys.expired,
        'demands of instances of the original are not heard',
      );
    }
    // If this is forbidden, the roll call shows which instances exist.
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
      const message = `cannot subscribe to ${channel} (${messageOf(cause)}): ${consequence}`;
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
    // Most messages are of this kind; their content is already known from the answer.
    if (message.startsWith(this.ownClaim)) return;
    const bell = parseBell(message);
    if (bell || isOfKnownKind(message)) this.config.trust.heard(bell);
    if (bell) this.hints.onBell(bell);
  }
}
