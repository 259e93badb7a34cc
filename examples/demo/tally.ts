import type Bossman from '../../src';
import type { Bell } from '../../src/hints/bell';
import { type DemoJob, planOf } from './jobs';
import { clock } from './screen';

/** The outcome of the slots, or demands, of one job. */
export interface Result {
  job: string;
  plan: string;
  /** The number of slots from the first to the last one that was seen, or the number of demands. */
  due: number;
  runs: number;
  doubled: number;
  /** Neither run nor reported. */
  lost: number;
  /** Reported by an event `skip`. */
  skipped: number;
  /** Claimed by a process that was killed, and not run. */
  killed: number;
  /** ms from the slot, or the demand, to the start of each run. */
  lateness: number[];
  /** ms that each run took, as a QA measured it. */
  took: number[];
  /** The faults, one line each. */
  problems: string[];
}

type Claim = Bell & { kind: 'claim' };

/** Counts the runs of one job: each slot must run once, or an event must report why not. */
export class Tally {
  private readonly starts: { by: string; slot: number | null; lateness: number }[] = [];
  private readonly took: number[] = [];
  private readonly told = new Set<number>();
  private readonly claims: Claim[] = [];
  private demands = 0;
  /** No run has started since the last demand. */
  demandWaits = false;

  constructor(private readonly job: DemoJob) {}

  started(by: string, { slot, lateness }: Bossman.RunEvent): void {
    this.starts.push({ by, slot, lateness });
    this.demandWaits = false;
  }

  skipped({ slot, through }: Bossman.SkipEvent): void {
    for (const skipped of this.grid(slot, through)) this.told.add(skipped);
  }

  timed(ms: number): void {
    this.took.push(ms);
  }

  /** Called for a claim on the bell. */
  claimed(claim: Claim): void {
    this.claims.push(claim);
  }

  /** Called before the demand is sent, because its run may be reported at any time from here on. */
  demanded(): void {
    this.demands += 1;
    this.demandWaits = true;
  }

  runsOf(process: string): number {
    return this.starts.filter(({ by }) => by === process).length;
  }

  /**
   * The ids that these processes have on the bell. A claim contains the id of an instance, and the slots that a process has
   * started show which id it has.
   */
  callersOf(processes: ReadonlySet<string>): string[] {
    const started = new Set(this.starts.filter(({ by }) => processes.has(by)).map(({ slot }) => slot));
    return this.claims.filter(({ slot }) => started.has(slot)).map(({ caller }) => caller);
  }

  /** @param killed callers whose process was killed */
  result(killed: ReadonlySet<string>): Result {
    return {
      job: this.job.name,
      plan: planOf(this.job),
      runs: this.starts.length,
      lateness: this.starts.map(({ lateness }) => lateness),
      took: this.took,
      ...(this.job.periodMs === null ? this.resultOfDemands() : this.resultOfSlots(killed)),
    };
  }

  private resultOfDemands() {
    // Demands that are made before one is taken share a run, so fewer runs are fine.
    const doubled = Math.max(0, this.starts.length - this.demands);
    const lost = this.demandWaits ? 1 : 0;
    const problems: string[] = [];
    if (doubled > 0) problems.push(`${this.job.name}: more runs than demands`);
    if (lost > 0) problems.push(`${this.job.name}: no run followed the last demand`);
    return { due: this.demands, doubled, lost, skipped: 0, killed: 0, problems };
  }

  private resultOfSlots(killed: ReadonlySet<string>) {
    const runners = this.runnersBySlot();
    const claimed = this.claims.map(({ slot }) => slot);
    const seen = [...runners.keys(), ...this.told, ...claimed].sort((a, b) => a - b);
    const due = new Set(this.grid(seen[0] ?? 0, seen.at(-1) ?? -1));
    // A process that is killed between its claim and its start reports nothing, and its last report may be lost on the way.
    const theirs = this.claims.filter(({ caller }) => killed.has(caller));
    const diedWith = new Set(theirs.flatMap(({ slot, next }) => this.grid(slot, next - 1)));

    const counts = { due: due.size, doubled: 0, lost: 0, skipped: 0, killed: 0 };
    const problems: string[] = [];
    for (const slot of due) {
      const by = runners.get(slot) ?? [];
      if (by.length > 1) {
        counts.doubled += by.length - 1;
        problems.push(`${this.job.name}: the slot of ${clock(slot)} was run by ${by.join(' and ')}`);
      } else if (by.length === 0) {
        const end = this.told.has(slot) ? 'skipped' : diedWith.has(slot) ? 'killed' : 'lost';
        counts[end] += 1;
        if (end === 'lost') problems.push(`${this.job.name}: the slot of ${clock(slot)} was lost`);
      }
    }
    const strays = new Set(seen.filter((slot) => !due.has(slot)));
    for (const stray of strays) problems.push(`${this.job.name}: ${clock(stray)} is not a slot of its plan`);
    return { ...counts, problems };
  }

  private runnersBySlot(): Map<number, string[]> {
    const runners = new Map<number, string[]>();
    for (const { slot, by } of this.starts) {
      if (slot !== null) runners.set(slot, [...(runners.get(slot) ?? []), by]);
    }
    return runners;
  }

  /** The slots of the plan from one to another. */
  private grid(from: number, to: number): number[] {
    const { plan, periodMs } = this.job;
    if (plan === null || periodMs === null) return [];
    // The slots of the cron job are multiples of the period; those of an interval follow from its first slot.
    const first = 'cron' in plan ? Math.ceil(from / periodMs) * periodMs : from;
    const count = Math.max(0, Math.floor((to - first) / periodMs) + 1);
    return Array.from({ length: count }, (_, n) => first + n * periodMs);
  }
}
