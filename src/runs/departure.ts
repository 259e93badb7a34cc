import type { RedisClock } from '../time/clock';
import type { Run } from './run';

/** ms that quit waits for answers from Redis. */
export const ANSWERS_WITHIN = 2000;
/** ms that quit waits for a run with `keepAlive`, whose lock is renewed meanwhile. */
const KEPT_FOR = 30_000;
/** ms; if a lock expires this shortly before quit gives up on its run, the loss is reported as caused by the quit. */
const AT_ONCE = 20;

/** Decides how long quit waits for runs, and what a quit called within a run waits for. */
export class Departure {
  /** When quit was called, on the process's monotonic clock, and how long it may wait; null before that. */
  private leaving: { at: number; timeout: number | null } | null = null;
  /** Resolve the quits that were called within a run, when no other run is left. */
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

  /** ms that quit may still wait for the current runs. */
  get rest(): number {
    const { leaving } = this;
    if (!leaving || this.runs.size === 0) return 0;
    let rest = 0;
    for (const run of this.runs) rest = Math.max(rest, this.patienceWith(run, leaving));
    return rest - (this.clock.monotonic() - leaving.at);
  }

  /** Whether quit has given up on the run, or is about to. */
  givesUp(run: Run): boolean {
    return run.state !== 'going' || (this.leaving !== null && this.rest <= AT_ONCE);
  }

  /** quit was called within the run. Resolves when only runs are left within which it was called. */
  calledIn(run: Run): Promise<void> {
    run.quits = true;
    const settled = new Promise<void>((resolve) => this.quitters.add(resolve));
    this.runEnded();
    return settled;
  }

  /** Call this when a run has ended or was abandoned. */
  runEnded(): void {
    if (this.quitters.size === 0) return;
    for (const { quits } of this.runs) if (!quits) return;
    for (const letGo of this.quitters) letGo();
    this.quitters.clear();
  }

  /** How long quit waits for the run, in ms from its call. */
  private patienceWith(run: Run, { at, timeout }: { at: number; timeout: number | null }): number {
    const { keepAlive, lock, job } = run;
    if (timeout !== null) return timeout;
    if (keepAlive) return KEPT_FOR;
    const sinceThen = this.clock.monotonic() - at;
    return Math.max(Math.min(job.settings.ttlMs, ANSWERS_WITHIN), lock.endsAt - this.clock.now() + sinceThen);
  }
}
