import type { Job } from '../job';
import { Line, type Places } from '../runs/places';

/**
 * The initial limit, and the highest one if Redis is near. This many claims keep Redis and this process busy. More would only
 * wait, and use memory that is costly to collect: with 1024, thousands of slots due at once took up to 1.5 times as much CPU.
 */
const LIMIT_NEARBY = 64;
/** Claims that Redis can answer in 1 ms. If a round trip takes longer than 1.6 ms, more of them are needed to keep it busy. */
const PER_MS = 40;
const HIGHEST_LIMIT = 4096;
/** The fraction of the lock's ttl within which a claimed slot should begin. */
const SOON = 0.25;
/** A claim that takes this many times longer than a single one was delayed by other claims, not by the network. */
const CROWDED = 3;
/** How fast the estimate of a single claim's time adapts: the fraction of the difference that each slower claim adds. */
const FORGETS = 0.01;
/** ms. A slot that has been due for this much longer than the slots for which this instance goes first is claimed before them. */
const LONG_DUE = 1000;

/**
 * Limits how many slots an instance claims at a time to those that it can begin before their locks expire, and for which it has
 * places. Jobs that wait here stay due, and other instances may claim them. The limit follows the time from a claim to the
 * start of its run: it is halved if that takes too large a part of the ttl, and otherwise grows by one with each claim, up to
 * what keeps Redis busy.
 */
export class ClaimGate {
  private underWay = 0;
  private limit = LIMIT_NEARBY;
  /** When the limit was last halved. Claims sent before that were sent under the old limit and do not count. */
  private halvedAt = Number.NEGATIVE_INFINITY;
  /** ms from a claim to the start of its run if no other claim delays it. */
  private alone = Number.POSITIVE_INFINITY;
  private readonly own = new Line();
  private readonly others = new Line();

  /**
   * @param now a monotonic clock in ms
   * @param claim starts the claim of a job, at once or when its turn has come
   * @param isAlone whether no other instance can claim the slots that wait here
   * @param roundTrip the shortest time in which Redis answers, in ms
   */
  constructor(
    private readonly now: () => number,
    private readonly claim: (job: Job) => void,
    private readonly places: Places,
    private readonly isAlone: () => boolean,
    private readonly roundTrip: () => number,
  ) {
    places.addLine(() => this.next());
  }

  /** The job's slot is due. Jobs for which this instance goes first are claimed first, unless others have been due for long. */
  ask(job: Job): void {
    if (this.underWay < this.limit && this.places.hasRoom) {
      this.claim(job);
      return;
    }
    job.waitsWith = job.known?.slot ?? 0;
    const line = job.goesFirst === 'me' ? this.own : this.others;
    line.add(job);
  }

  /** The job's slot is no longer due, or another instance has claimed it. */
  forget(job: Job): void {
    job.waitsWith = 0;
    this.own.remove(job);
    this.others.remove(job);
  }

  /** A claim begins. Call `leave` once for each `enter`. */
  enter(): void {
    this.underWay += 1;
    this.places.enter();
  }

  /** A claim ended, or pauses before it is sent again. */
  leave(): void {
    this.underWay -= 1;
    this.places.leave();
    while (this.places.hasRoom && this.next());
  }

  /** Resumes a paused claim as soon as there is a place, or immediately when the instance stops. */
  async enterAgain(): Promise<void> {
    await this.places.enterAgain();
    this.underWay += 1;
  }

  /** The run of a claimed slot begins, or would if its lock had not expired. `since`: when it was claimed, or due if later. */
  begun(since: number, ttlMs: number): void {
    const took = Math.max(0, this.now() - since);
    this.alone = took < this.alone ? took : this.alone + (took - this.alone) * FORGETS;
    if (took <= Math.max(ttlMs * SOON, this.alone * CROWDED)) {
      const most = Math.max(LIMIT_NEARBY, PER_MS * this.roundTrip());
      this.limit = Math.min(HIGHEST_LIMIT, Math.floor(most), this.limit + 1);
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
    const [own, other] = [this.own.first, this.others.first];
    // If its own jobs always came first, those that are due again before their run ends would keep the others waiting forever.
    const goesBefore = this.isAlone() ? 0 : LONG_DUE;
    const job = own && other && own.waitsWith - other.waitsWith > goesBefore ? other : (own ?? other);
    if (!job) return false;
    this.forget(job);
    this.claim(job);
    return true;
  }
}
