/** ms that every listener adds to a random wait: some two of them wake before the first one's bell reaches the rest. */
const WAIT_PER_LISTENER = 2;
/** ms; a fleet of any size does not wait longer. */
const LONGEST_WAIT = 64;

/** ms for which a count of our own is handed on. */
const FRESH = 60_000;

/** How many instances listen to the bell, as last heard, and how long one of them waits so that they do not all act. */
export class Fleet {
  private listeners = 1;
  private countedAt = Number.NEGATIVE_INFINITY;

  /** @param local a monotonic clock in ms */
  constructor(private readonly local: () => number) {}

  /** Our own bell was heard by so many. */
  counted(listeners: number): void {
    if (listeners <= 0) return;
    this.listeners = listeners;
    this.countedAt = this.local();
  }

  /** Another's bell was, as it says; 0: it does not know. */
  heard(listeners: number): void {
    if (listeners > 0) this.listeners = listeners;
  }

  /** What we can tell others: hearsay is not handed on, or an old count would go round for ever. */
  get count(): number {
    return this.local() - this.countedAt < FRESH ? this.listeners : 0;
  }

  get size(): number {
    return this.listeners;
  }

  get alone(): boolean {
    return this.listeners <= 1;
  }

  /** A random wait in ms that grows with the fleet. */
  randomWait(): number {
    return this.alone ? 0 : Math.random() * Math.min(LONGEST_WAIT, WAIT_PER_LISTENER * this.listeners);
  }
}
