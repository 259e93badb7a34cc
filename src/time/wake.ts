import type { RedisClock } from './clock';
import { PROCESS_TIME, type Time } from './time';
import { cancel, each, type Timer } from './timers';

/** ms between two comparisons of the clocks, and the least that counts as a sleep. */
const EVERY = 1000;
const LEAST = 1000;
/** ms between two requests: twice as long after each answer that shows no jump. */
const PAUSE = { first: 5000, longest: 3_600_000 };

// Taken when the package is loaded: a program's tests may replace it for their own code later.
const wallClock = Date.now;

/**
 * Detects that the machine slept, without sending requests. During sleep the monotonic clock and timers stand still, while the
 * wall clock and Redis' clock continue. So if the wall clock has moved relative to the monotonic one, Redis' clock is read
 * again. The wall clock itself is not trusted: if it jumps by itself, requests are sent at growing intervals.
 */
export class Wake {
  private lead = 0;
  private pause = PAUSE.first;
  private askedAt = Number.NEGATIVE_INFINITY;
  private suspicious = false;
  private asking = false;
  private timer: Timer | null = null;

  constructor(
    private readonly clock: RedisClock,
    private readonly on: {
      /** Whether Redis is connected; on each connection its clock is read anyway. */
      canAsk: () => boolean;
      /** Reads Redis' clock. */
      ask: () => Promise<void>;
    },
    private readonly time: Pick<Time, 'isMoved'> = PROCESS_TIME,
  ) {}

  start(): void {
    // Such a time stands still while the machine sleeps.
    if (this.time.isMoved) return;
    this.lead = this.wallLead();
    this.timer = each(EVERY, () => this.compareClocks());
    this.timer.unref();
  }

  stop(): void {
    cancel(this.timer);
  }

  private compareClocks(): void {
    const before = this.lead;
    this.lead = this.wallLead();
    if (Math.abs(this.lead - before) > LEAST) this.suspicious = true;
    const sinceAsked = this.clock.monotonic() - this.askedAt;
    if (!this.suspicious) {
      // The clocks have agreed for a while, so the next jump leads to a request immediately.
      if (sinceAsked > 2 * this.pause) this.pause = PAUSE.first;
      return;
    }
    if (sinceAsked >= this.pause && !this.asking && this.clock.known && this.on.canAsk()) void this.ask();
  }

  /** Never rejects. */
  private async ask(): Promise<void> {
    this.asking = true;
    this.suspicious = false;
    this.askedAt = this.clock.monotonic();
    const before = this.redisLead();
    try {
      await this.on.ask();
      const moved = Math.abs(this.redisLead() - before) > LEAST / 2;
      this.pause = moved ? PAUSE.first : Math.min(2 * this.pause, PAUSE.longest);
    } catch {
      // The next regular command reports what is wrong with Redis.
      this.suspicious = true;
    } finally {
      this.asking = false;
    }
  }

  private wallLead(): number {
    return wallClock() - this.clock.monotonic();
  }

  private redisLead(): number {
    return this.clock.now() - this.clock.monotonic();
  }
}
