/** ms that every listener adds to the longest random wait, up to `LONGEST_WAIT`. */
const WAIT_PER_LISTENER = 2;
const LONGEST_WAIT = 32;
/** ms that Redis takes to deliver a bell to one listener, rounded up. In a large fleet this is the slowest step. */
const BELL_PER_LISTENER = 0.01;

/** The largest number of listeners for which the waits were measured; they grow no further. */
const LARGEST = 10_000;

/** ms for which our own count is passed on. */
const FRESH = 60_000;

/** How many instances listen to the bell, and how long each of them waits so that not all act at once. */
export class FleetSize {
  private listeners = 1;
  private ownCount = 0;
  private countedAt = Number.NEGATIVE_INFINITY;

  /**
   * @param local a monotonic clock in ms
   * @param isInstant bells arrive without delay, so no instance needs to wait for them
   */
  constructor(
    private readonly local: () => number,
    private readonly isInstant = false,
  ) {}

  /** Redis delivered our own bell to this many listeners. */
  counted(listeners: number): void {
    if (!(listeners > 0)) return;
    this.heard(listeners);
    this.ownCount = this.listeners;
    this.countedAt = this.local();
  }

  /** The number of listeners that another instance reported; 0 if it did not know. */
  heard(listeners: number): void {
    if (listeners > 0 && !this.isInstant) this.listeners = Math.min(LARGEST, listeners);
  }

  /** The count that we pass on; 0 if unknown. Only our own: otherwise an outdated count would circulate forever. */
  get count(): number {
    return this.local() - this.countedAt < FRESH ? this.ownCount : 0;
  }

  get size(): number {
    return this.listeners;
  }

  get alone(): boolean {
    return this.listeners <= 1;
  }

  /** ms after which a bell has reached all listeners. */
  get bellMs(): number {
    return BELL_PER_LISTENER * this.listeners;
  }

  /**
   * A random wait in ms, distributed so that one instance wakes early, and few others wake before its bell reaches them: the
   * probability of waking grows exponentially towards the end of the wait. So the first one wakes early in a fleet of any size,
   * and the number of instances that wake while its bell travels does not grow with the fleet. bench/SCALE.md has the figures.
   *
   * @see https://www.rfc-editor.org/rfc/rfc4654#section-6.1
   */
  randomWait(): number {
    if (this.alone) return 0;
    const longest = Math.min(LONGEST_WAIT, WAIT_PER_LISTENER * this.listeners) + 2 * this.bellMs;
    return Math.max(0, longest * (1 + Math.log(1 - Math.random()) / Math.log(this.listeners)));
  }
}
