import type { Job } from '../job';
import type { Part } from '../shared';

/**
 * The places for runs in an instance; the option `concurrency` sets their number. A claim, take or recovery takes a place
 * before it is sent, so that the run that it wins can begin, and leaves the place when it ends. A run has its own place from
 * its start to the end of its work. Jobs that find no room wait in a line, and nothing is sent for them meanwhile. Free places
 * are offered to the lines in turn.
 */
export class Places implements Part {
  private taken = 0;
  private readonly lines: (() => boolean)[] = [];
  /** The line that is offered the next place first. */
  private turn = 0;
  /** Paused claims and takes. They precede all lines, because they may have won already. */
  private readonly returning: (() => void)[] = [];
  private stopped = false;

  /** @param limit Infinity: none */
  constructor(private readonly limit: number) {}

  get hasRoom(): boolean {
    return this.taken < this.limit;
  }

  /** @param begin begins the first item in a line of the caller; false if none can begin */
  addLine(begin: () => boolean): void {
    this.lines.push(begin);
  }

  /** A line in which jobs wait for room. `begin` is called with the first one when it is its turn. */
  line(begin: (job: Job) => void): Line {
    const line = new Line();
    this.addLine(() => {
      const job = line.take();
      if (job) begin(job);
      return job !== undefined;
    });
    return line;
  }

  /** Takes a place, even if none is free: check `hasRoom` first. Call `leave` once for each `enter`. */
  enter(): void {
    this.taken += 1;
  }

  /** Takes a place as soon as one is free, before all lines, or immediately when the instance stops. */
  async enterAgain(): Promise<void> {
    if (!this.hasRoom && !this.stopped) await new Promise<void>((resolve) => this.returning.push(resolve));
    else this.enter();
  }

  leave(): void {
    this.taken -= 1;
    if (this.limit === Number.POSITIVE_INFINITY) return;
    while (this.hasRoom && this.offer());
  }

  /**
   * Sends a command that may win a run, with a place that the caller leaves after the answer. After a refusal it has no place.
   *
   * @returns null if the instance stopped before there was room; then there is no place to leave
   */
  async send<Answer>(send: () => Promise<Answer>): Promise<Answer | null> {
    if (this.hasRoom) this.enter();
    else await this.enterAgain();
    try {
      if (!this.stopped) return await send();
    } catch (cause) {
      this.leave();
      throw cause;
    }
    this.leave();
    return null;
  }

  stop(): void {
    this.stopped = true;
    this.lines.length = 0;
    for (const goOn of this.returning.splice(0)) {
      this.enter();
      goOn();
    }
  }

  private offer(): boolean {
    const goOn = this.returning.shift();
    if (goOn) {
      this.enter();
      goOn();
      return true;
    }
    for (let tried = 0; tried < this.lines.length; tried += 1) {
      const begin = this.lines[this.turn];
      this.turn = (this.turn + 1) % this.lines.length;
      if (begin?.()) return true;
    }
    return false;
  }
}

/** Waiting jobs, first in, first out. */
export class Line {
  private readonly jobs = new Set<Job>();
  /** One iterator for all takes: a new one would walk over the deleted entries each time. */
  private iterator = this.jobs.values();
  /** The job that the iterator returned last, as long as it waits in the line. */
  private head: Job | undefined;

  add(job: Job): void {
    this.jobs.add(job);
  }

  remove(job: Job): void {
    if (this.jobs.size === 0) return;
    this.jobs.delete(job);
    if (job === this.head) this.head = undefined;
  }

  /** The job whose turn it is; it stays in the line. */
  get first(): Job | undefined {
    if (this.jobs.size === 0 || this.head) return this.head;
    let next = this.iterator.next();
    if (next.done) {
      this.iterator = this.jobs.values();
      next = this.iterator.next();
    }
    this.head = next.value;
    return this.head;
  }

  take(): Job | undefined {
    const job = this.first;
    if (job) this.remove(job);
    return job;
  }

  clear(): void {
    this.jobs.clear();
    this.head = undefined;
  }
}
