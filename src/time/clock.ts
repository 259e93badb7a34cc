import { monotonicMs } from './timers';

/** How fast two clocks may drift apart: 200 ms in 1000 s, more than any working clock. */
const DRIFT = 0.0002;
/** ms; after a smaller correction the alarms are not set again. */
const JUMP = 5;

/**
 * An estimate of Redis' clock. Each answer of a script contains Redis' time, which was read between sending the command and
 * receiving the answer; this bounds the offset from both sides. The bounds of all answers are intersected, so slow answers do
 * no harm. The process's wall clock is not used.
 */
export class RedisClock {
  private low = 0;
  private high = 0;
  private observedAt = Number.NaN;

  /** @param local a monotonic clock in ms; passed in by tests */
  constructor(private readonly local: () => number = monotonicMs) {}

  get known(): boolean {
    return !Number.isNaN(this.observedAt);
  }

  /** The process's monotonic clock, in ms. */
  monotonic(): number {
    return this.local();
  }

  /** ms since the epoch, with a fraction. NaN before the first answer. */
  now(): number {
    return this.known ? this.local() + (this.low + this.high) / 2 : Number.NaN;
  }

  /** The earliest and the latest that `now` can be; NaN before the first answer. */
  bounds(): { earliest: number; latest: number } {
    const local = this.local();
    const slack = (local - this.observedAt) * DRIFT;
    return { earliest: local + this.low - slack, latest: local + this.high + slack };
  }

  /** About the shortest recent round trip to Redis, in ms: the distance between the two bounds of the offset. */
  get roundTrip(): number {
    return this.high - this.low;
  }

  /** Updates the estimate from an answer. True if alarms that were set before are now wrong. */
  observe(sentAt: number, redisMs: number): boolean {
    const receivedAt = this.local();
    const first = !this.known;
    const before = (this.low + this.high) / 2;
    const slack = first ? 0 : (receivedAt - this.observedAt) * DRIFT;
    const low = redisMs - receivedAt;
    const high = redisMs - sentAt;
    this.observedAt = receivedAt;
    if (first || low > this.high + slack || high < this.low - slack) {
      // The bounds do not intersect: the server's clock was set, or it is another server.
      this.low = low;
      this.high = high;
    } else {
      this.low = Math.max(low, this.low - slack);
      this.high = Math.min(high, this.high + slack);
    }
    return !first && Math.abs((this.low + this.high) / 2 - before) > JUMP;
  }
}
