/** ms between two looks at the clock. */
const EVERY = 20;
/** ms; some less than others have to object to what was brought back into an emptied Redis. */
const LONG = 200;

/** When this process stood still for long, as on a machine that has too much to do. */
export class Stalls {
  private readonly spans: { from: number; to: number }[] = [];
  private last = Date.now();
  private readonly timer = setInterval(() => {
    const now = Date.now();
    if (now - this.last > LONG) this.spans.push({ from: this.last, to: now });
    this.last = now;
  }, EVERY);

  /** Did it stand still at some time from one to another, in ms since the epoch? */
  between(from: number, to: number): boolean {
    return this.spans.some((span) => span.from <= to && span.to >= from);
  }

  stop(): void {
    clearInterval(this.timer);
  }
}
