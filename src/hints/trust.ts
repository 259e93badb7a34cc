import type { RedisClock } from '../time/clock';
import type { Bell } from './bell';

/** ms for which bells are doubted after one that no instance can have sent, or two of which one is false. */
const DOUBTED_FOR = 10_000;
/** ms that a bell may be old: it was in the queue of a process that stood still. */
const OLDEST = 60_000;
/** ms by which our estimate of Redis' clock, and the clocks of two servers of one Redis, may differ. */
const CLOCK_ERROR = 1000;

/**
 * Whether bells may put anything off. In a fleet that is alone on its channel they may: whoever hears that a slot is
 * claimed, or a demand taken, waits for the next one instead of asking Redis. Anybody can ring the bell, though. A message
 * that no instance can have sent, at least not now, shows that somebody else does, and so do two claims of one slot. For a while after it a bell can only
 * lead to asking sooner: every instance then claims its slots itself, which costs a request for each slot and instance.
 */
export class Trust {
  private doubtedUntil = Number.NEGATIVE_INFINITY;

  constructor(private readonly clock: RedisClock) {}

  /** Bells may lead to asking, and put nothing off. */
  get doubts(): boolean {
    return this.clock.monotonic() < this.doubtedUntil;
  }

  /** Takes in what was heard; null: a message that cannot be read. */
  heard(bell: Bell | null): void {
    if (!bell || !this.isLikely(bell)) this.contradicted();
  }

  /** Of two messages that were heard, one cannot be true. */
  contradicted(): void {
    this.doubtedUntil = this.clock.monotonic() + DOUBTED_FOR;
  }

  private isLikely(bell: Bell): boolean {
    if (!('at' in bell) || !this.clock.known) return true;
    const { at } = bell;
    const now = this.clock.now();
    if (at < now - OLDEST || at > now + CLOCK_ERROR) return false;
    if (bell.kind !== 'claim') return true;
    // A plan is older than the claim of its slot, the slot is due, and the next one is ahead.
    const latest = at + CLOCK_ERROR;
    return bell.stamp <= latest && bell.slot <= latest && bell.next > at;
  }
}
