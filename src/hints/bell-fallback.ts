import type { Pauses } from '../time/pauses';

/** The random part of the wait between two requests, because a whole fleet may lose the bell at the same moment. */
const SPREAD = 0.5;

/**
 * Polls Redis for what the bell would have announced, while the bell cannot be heard.
 *
 * - `starting`: there was no subscription yet.
 * - `heard`: the bell's channel is subscribed to. Nothing is sent.
 * - `unheard`: subscribing is forbidden, or the subscriber is disconnected. Redis is asked once per ttl, but only while commands
 *   can be sent, because they would pile up otherwise.
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

  /** @returns whether this is the first subscription, so that no bell was missed */
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
