import type { RedisClock } from '../time/clock';
import type { Run } from './run';

/** ms within which Redis answers, or quit no longer waits for that. */
export const ANSWERS_WITHIN = 2000;
/** ms for which quit waits for a run with `keepAlive`, whose lock is renewed meanwhile. */
const KEPT_FOR = 30_000;
/** ms; a lock that ends so shortly before quit gives up on its run is lost because of that. */
const AT_ONCE = 20;

/** How long quit waits for the runs that go on, and what a quit that is called in a run waits for. */
export class Departure {
  /** When quit was called, on the process's monotonic clock, and how long it may wait; null: it was not. */
  private leaving: { at: number; timeout: number | null } | null = null;
  /** Those that wait for all runs in which quit was not called. */
  private readonly quitters = new Set<() => void>();

  constructor(
    private readonly runs: ReadonlySet<Run>,
    private readonly clock: RedisClock,
  ) {}

  /** @param timeout the longest wait for runs, in ms; null: the default of `QuitOptions.timeout` */
  begin(timeout: number | null): void {
    this.leaving = { at: this.clock.monotonic(), timeout };
  }

  get hasBegun(): boolean {
    return this.leaving !== null;
  }

  /** ms that quit may still wait for the runs that go on. */
  get rest(): number {
    const { leaving } = this;
    if (!leaving || this.runs.size === 0) return 0;
    let rest = 0;
    for (const run of this.runs) rest = Math.max(rest, this.patienceWith(run, leaving));
    return rest - (this.clock.monotonic() - leaving.at);
  }

  /** quit gives up on the run, or is about to: its lock is lost because of that. */
  givesUp(run: Run): boolean {
    return run.state !== 'going' || (this.leaving !== null && this.rest <= AT_ONCE);
  }

  /** quit was called in the run. Settles when no run goes on but those in which it was. */
  calledIn(run: Run): Promise<void> {
    run.quits = true;
    const settled = new Promise<void>((resolve) => this.quitters.add(resolve));
    this.runEnded();
    return settled;
  }

  /** To be called when a run goes on no longer. */
  runEnded(): void {
    if (this.quitters.size === 0) return;
    for (const { quits } of this.runs) if (!quits) return;
    for (const letGo of this.quitters) letGo();
    this.quitters.clear();
  }

  /** ms from the call of quit for which it waits for the run. */
  private patienceWith(run: Run, { at, timeout }: { at: number; timeout: number | null }): number {
    const { keepAlive, lock, job } = run;
    if (timeout !== null) return timeout;
    if (keepAlive) return KEPT_FOR;
    const sinceThen = this.clock.monotonic() - at;
    return Math.max(Math.min(job.settings.ttlMs, ANSWERS_WITHIN), lock.endsAt - this.clock.now() + sinceThen);
  }
}
