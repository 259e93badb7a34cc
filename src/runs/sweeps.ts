/** ms after its start before an instance deletes anything: others that start at the same time have yet to hire. */
const GRACE = 600_000;
/** ms between two searches for unused data; shorter after a search that found some. */
const EVERY = { idle: 60_000, busy: 1000 };

/**
 * Decides when an instance deletes the data of unused jobs. This is part of the request that settles a run, so that an idle
 * instance sends nothing: one request finds old jobs, and the next deletes those that are not hired here.
 */
export class Sweeps {
  private dueAt: number;
  private old: string[] = [];

  /**
   * @param now a monotonic clock in ms
   * @param isHired whether a job is hired here
   */
  constructor(
    private readonly now: () => number,
    private readonly isHired: (name: string) => boolean,
  ) {
    this.dueAt = now() + GRACE;
  }

  /** The names to delete; null if the next search is not due. */
  next(): string[] | null {
    if (this.now() < this.dueAt) return null;
    this.dueAt = this.now() + EVERY.idle;
    return this.old.filter((name) => !this.isHired(name));
  }

  /** The names that the last request found. */
  found(old: string[]): void {
    this.old = old.filter((name) => !this.isHired(name));
    if (this.old.length > 0) this.dueAt = this.now() + EVERY.busy;
  }
}
