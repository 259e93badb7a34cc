import type { Job } from '../job';
import type { Part } from '../shared';

/**
 * The places for runs in an instance: as many as the option `concurrency` says. A claim, take or recovery enters before it
 * is sent, so that what it wins can begin, and leaves when it is over; a run has a place of its own from its begin to the
 * end of its work. Whoever finds no room waits in a line of its own, and sends nothing meanwhile: each line is offered, in
 * turn, every place that becomes free.
 */
export class Places implements Part {
  private taken = 0;
  private readonly lines: (() => boolean)[] = [];
  /** The line that is offered the next place first. */
  private turn = 0;
  /** Claims and takes that have paused, and come before all lines: they may have won already. */
  private readonly returning: (() => void)[] = [];
  private stopped = false;

  /** @param limit Infinity: none */
  constructor(private readonly limit: number) {}

  get hasRoom(): boolean {
    return this.taken < this.limit;
  }

  /** @param begin begins what is first in a line of the caller's; false when nothing waits there that can begin */
  addLine(begin: () => boolean): void {
    this.lines.push(begin);
  }

  /** A line in which jobs wait for room. `begin` is called when the first one's turn has come. */
  line(begin: (job: Job) => void): Line {
    const line = new Line();
    this.addLine(() => {
      const job = line.take();
      if (job) begin(job);
      return job !== undefined;
    });
    return line;
  }

  /** Takes a place, also when there is none: ask `hasRoom` before. Each `enter` has its `leave`. */
  enter(): void {
    this.taken += 1;
  }

  /** Takes a place as soon as there is one, before all lines; or at once when the instance stops. */
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
   * Sends what may win a run. It has a place until the caller leaves; but none after a refusal, until it is sent again.
   *
   * @returns null when the instance stopped before there was room: then there is no place to leave
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

/** Jobs in the order in which they came. */
export class Line {
  private readonly jobs = new Set<Job>();
  /** One for all takes: each new one would pass over what was taken before. */
  private iterator = this.jobs.values();

  add(job: Job): void {
    this.jobs.add(job);
  }

  remove(job: Job): void {
    if (this.jobs.size > 0) this.jobs.delete(job);
  }

  take(): Job | undefined {
    if (this.jobs.size === 0) return undefined;
    let next = this.iterator.next();
    if (next.done) {
      this.iterator = this.jobs.values();
      next = this.iterator.next();
    }
    if (next.value) this.jobs.delete(next.value);
    return next.value;
  }

  clear(): void {
    this.jobs.clear();
  }
}
