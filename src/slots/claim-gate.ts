import type { Job } from '../job';
import { Line, type Places } from '../runs/places';

/** Claims under way at first. So many keep Redis busy, also when it is some 50 ms away. */
const FIRST_LIMIT = 1024;
const HIGHEST_LIMIT = 4096;
/** Part of a lock's time within which a claimed slot should begin. */
const SOON = 0.25;
/** A claim that takes so many times as long as a single one was held up by other claims, not by the way to Redis. */
const CROWDED = 3;
/** How fast the time of a single claim is forgotten: the part of the difference that each slower claim adds. */
const FORGETS = 0.01;

/**
 * Limits how many slots an instance claims at a time: no more than it can begin before their locks end. Others may claim
 * the rest; jobs that wait here stay due. The limit follows the time from a claim to its begin: it is halved when that
 * takes too large a part of the lock's time, and grows by one with each claim that does not. Nor does it claim more than it
 * has places for.
 */
export class ClaimGate {
  private underWay = 0;
  private limit = FIRST_LIMIT;
  /** When the limit was last halved. Claims sent before that were sent under the old limit and do not count. */
  private halvedAt = Number.NEGATIVE_INFINITY;
  /** ms from a claim to its begin when no other claim holds it up. */
  private alone = Number.POSITIVE_INFINITY;
  private readonly own = new Line();
  private readonly others = new Line();

  /**
   * @param now a monotonic clock in ms
   * @param claim starts the claim of a job, at once or when its turn has come
   */
  constructor(
    private readonly now: () => number,
    private readonly claim: (job: Job) => void,
    private readonly places: Places,
  ) {
    places.addLine(() => this.next());
  }

  /** The job's slot is due. Jobs for which this instance goes first come first; others may claim the rest. */
  ask(job: Job): void {
    if (this.underWay < this.limit && this.places.hasRoom) this.claim(job);
    else if (job.goesFirst === 'me') this.own.add(job);
    else this.others.add(job);
  }

  /** The job's slot is no longer due, or another instance has claimed it. */
  forget(job: Job): void {
    this.own.remove(job);
    this.others.remove(job);
  }

  /** A claim is under way; each `enter` has its `leave`. */
  enter(): void {
    this.underWay += 1;
    this.places.enter();
  }

  /** A claim is over, or pauses before it is sent again. */
  leave(): void {
    this.underWay -= 1;
    this.places.leave();
    while (this.places.hasRoom && this.next());
  }

  /** A claim that has paused goes on as soon as there is a place, or at once when the instance stops. */
  async enterAgain(): Promise<void> {
    await this.places.enterAgain();
    this.underWay += 1;
  }

  /** A slot that was won has begun, or would have if its lock had not ended. `since`: when it was claimed or due, if later. */
  begun(since: number, ttlMs: number): void {
    const took = Math.max(0, this.now() - since);
    this.alone = took < this.alone ? took : this.alone + (took - this.alone) * FORGETS;
    if (took <= Math.max(ttlMs * SOON, this.alone * CROWDED)) {
      this.limit = Math.min(HIGHEST_LIMIT, this.limit + 1);
    } else if (since > this.halvedAt) {
      this.limit = Math.max(1, Math.floor(this.limit / 2));
      this.halvedAt = this.now();
    }
  }

  stop(): void {
    this.own.clear();
    this.others.clear();
  }

  private next(): boolean {
    if (this.underWay >= this.limit) return false;
    const job = this.own.take() ?? this.others.take();
    if (job) this.claim(job);
    return job !== undefined;
  }
}
