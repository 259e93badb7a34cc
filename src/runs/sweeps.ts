/** ms from its start on in which an instance clears nothing away: others that start with it still have to hire. */
const GRACE = 600_000;
/** ms between two looks for what is old; after a look that found something the next comes soon. */
const EVERY = { idle: 60_000, busy: 1000 };

/**
 * When an instance clears away what nobody uses any more. It takes part in the request that settles a run, so that an
 * idle instance sends nothing: one request finds what is old, and the next deletes it, save for what is hired here.
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

  /** The names to delete, if it is time to; it is not again before the answer has been told. */
  next(): string[] | null {
    if (this.now() < this.dueAt) return null;
    this.dueAt = this.now() + EVERY.idle;
    return this.old.filter((name) => !this.isHired(name));
  }

  /** The names that the request found to be old. */
  found(old: string[]): void {
    this.old = old.filter((name) => !this.isHired(name));
    if (this.old.length > 0) this.dueAt = this.now() + EVERY.busy;
  }
}
