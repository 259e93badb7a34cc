import type { Pauses } from '../time/pauses';

/** The part of the wait between two questions that is random: a whole fleet may lose the bell at the same moment. */
const SPREAD = 0.5;

/**
 * Looks for what the bell would have announced, while the bell cannot be heard.
 *
 * - `starting`: the first subscription is still to come, or has just failed for the first time.
 * - `heard`: the bell's channel is subscribed to. Nothing is sent.
 * - `unheard`: the channel may not be subscribed to, or the subscriber's connection is away. Redis is asked within every
 *   ttl, provided that commands can be sent: what is asked meanwhile would only pile up.
 *
 * There is never more than one loop, however often the state changes.
 */
export class BellFallback {
  private state: 'starting' | 'heard' | 'unheard' = 'starting';
  private looping = false;

  constructor(
    private readonly pauses: Pauses,
    private readonly ttlMs: number,
    private readonly on: {
      /** Whether commands are answered now. */
      canAsk: () => boolean;
      /** Asks Redis for what the bell would have announced. */
      catchUp: () => void;
    },
  ) {}

  /** @returns whether no bell can have been missed, as this is the first subscription */
  heard(): boolean {
    const isFirst = this.state === 'starting';
    this.state = 'heard';
    return isFirst;
  }

  unheard(): void {
    this.state = 'unheard';
    if (!this.looping) void this.loop();
  }

  private async loop(): Promise<void> {
    this.looping = true;
    while (await this.pauses.pause(this.ttlMs * (1 - SPREAD * Math.random()))) {
      if (this.state !== 'unheard') break;
      if (this.on.canAsk()) this.on.catchUp();
    }
    this.looping = false;
  }
}
