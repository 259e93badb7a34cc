import type { RedisClock } from '../time/clock';
import type { Bell } from './bell';

/** ms for which bells are doubted after one that no instance can have sent, or after two that contradict each other. */
const DOUBTED_FOR = 10_000;
/** The greatest plausible age of a bell in ms; it may have waited in the queue of a stalled process. */
const OLDEST = 60_000;
/** ms by which our estimate of Redis' clock may be wrong, or the clocks of a primary and its replica may differ. */
const CLOCK_ERROR = 1000;

/**
 * Decides whether bells may delay anything. Normally they may: an instance that hears that a slot was claimed, or a demand
 * taken, waits for the next one instead of asking Redis. But any client can ring the bell. A message that no instance can have
 * sent, or two claims of one slot, come from another client. For a while after that, a bell can only make an instance ask
 * sooner: every instance claims its slots itself, which costs one request per slot and instance.
 */
export class Trust {
  private doubtedUntil = Number.NEGATIVE_INFINITY;

  constructor(private readonly clock: RedisClock) {}

  /** Whether bells must not delay anything now. */
  get doubts(): boolean {
    return this.clock.monotonic() < this.doubtedUntil;
  }

  /** Judges a message; null: it could not be parsed. */
  heard(bell: Bell | null): void {
    if (!bell || !this.isLikely(bell)) this.contradicted();
  }

  /** Two messages contradict each other. */
  contradicted(): void {
    this.doubtedUntil = this.clock.monotonic() + DOUBTED_FOR;
  }

  private isLikely(bell: Bell): boolean {
    if (!('at' in bell) || !this.clock.known) return true;
    const { at } = bell;
    const now = this.clock.now();
    if (at < now - OLDEST || at > now + CLOCK_ERROR) return false;
    if (bell.kind !== 'claim') return true;
    // The plan must be older than the claim of its slot, the slot due, and the next one in the future.
    const latest = at + CLOCK_ERROR;
    return bell.stamp <= latest && bell.slot <= latest && bell.next > at;
  }
}
