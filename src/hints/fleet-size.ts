/** ms that every listener adds to the longest random wait, up to `LONGEST_WAIT`. */
const WAIT_PER_LISTENER = 2;
const LONGEST_WAIT = 32;
/** ms in which Redis hands a bell to one listener, with some to spare: in a large fleet that takes longer than anything else. */
const BELL_PER_LISTENER = 0.01;

/** Listeners; the waits are measured up to here, and grow no further. */
const LARGEST = 10_000;

/** ms for which a count of our own is handed on. */
const FRESH = 60_000;

/** How many instances listen to the bell, as last heard, and how long one of them waits so that they do not all act. */
export class FleetSize {
  private listeners = 1;
  private ownCount = 0;
  private countedAt = Number.NEGATIVE_INFINITY;

  /**
   * @param local a monotonic clock in ms
   * @param isInstant a bell arrives in the moment in which it is rung, so nobody needs to wait for it
   */
  constructor(
    private readonly local: () => number,
    private readonly isInstant = false,
  ) {}

  /** Our own bell was heard by so many. */
  counted(listeners: number): void {
    if (!(listeners > 0)) return;
    this.heard(listeners);
    this.ownCount = this.listeners;
    this.countedAt = this.local();
  }

  /** Another's bell was, as it says; 0: it does not know. */
  heard(listeners: number): void {
    if (listeners > 0 && !this.isInstant) this.listeners = Math.min(LARGEST, listeners);
  }

  /** What we can tell others: hearsay is not handed on, or an old count would go round for ever. */
  get count(): number {
    return this.local() - this.countedAt < FRESH ? this.ownCount : 0;
  }

  get size(): number {
    return this.listeners;
  }

  get alone(): boolean {
    return this.listeners <= 1;
  }

  /** ms after which a bell has reached everybody. */
  get bellMs(): number {
    return BELL_PER_LISTENER * this.listeners;
  }

  /**
   * A random wait in ms, so that of all who wait about one wakes at first, and few more before its bell reaches them. The
   * chance to wake grows exponentially towards the end of the wait: however many wait, the first is early, and those who
   * wake while its bell travels are no larger a part of them than in a small fleet. bench/SCALE.md has the figures.
   *
   * @see https://www.rfc-editor.org/rfc/rfc4654#section-6.1
   */
  randomWait(): number {
    if (this.alone) return 0;
    const longest = Math.min(LONGEST_WAIT, WAIT_PER_LISTENER * this.listeners) + 2 * this.bellMs;
    return Math.max(0, longest * (1 + Math.log(1 - Math.random()) / Math.log(this.listeners)));
  }
}
