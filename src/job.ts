import type { JobDefinition } from './options';
import type { Schedule } from './schedule/schedule';
import type { JobSettings } from './settings';

/** The plan that Redis is known to hold for a job. */
export interface KnownPlan {
  stamp: number;
  /** The next slot; FIRED or above: fired. */
  slot: number;
  /** What the slots follow: this instance's own plan or, of another instance, one that came later. Null: fired. */
  schedule: Schedule | null;
  text: string;
}

/** A job as one instance knows it. What decides is in Redis; this is what it last heard. */
export class Job {
  /** null until Redis has answered, and for a job without a plan of its own. */
  known: KnownPlan | null = null;
  /** Runs of the job that go on here. */
  running = 0;

  // Slots (see plans.ts and slots.ts)
  /** The sequence number of the last hire or fire of the job here; answers to earlier ones no longer count. */
  call = 0;
  /** Who claims the next slot before all others: whoever claimed the last one, unless it steps back. */
  goesFirst: 'me' | 'other' | 'nobody' = 'nobody';
  /** When the last slot was claimed, as a bell says, on Redis' clock; 0: it is not known from a bell. */
  claimHeardAt = 0;
  /** The stamp of the last fire that was heard of. */
  firedBy = 0;
  /** A slot that is not claimed before its time, as a run went on. */
  punctualAt = 0;
  /** A claim is on its way, or what it won waits for its time. */
  claiming = false;
  /** The token of a slot that was won and has not begun. */
  wonWith: string | null = null;
  /** The alarm went off, late or in a busy instance, and has waited again. */
  waitedAgain = false;
  /** A look at what Redis holds is on its way. */
  looking = false;
  /** Another is to follow it, as it may have been too early. */
  lookAgain = false;
  /** When the last look began, on the process's monotonic clock. */
  lookedAt = Number.NEGATIVE_INFINITY;
  /** When anything was last heard of the job's slots, on Redis' clock. */
  heardAt = 0;

  // Demands (see demands.ts)
  /** A take is on its way. */
  taking = false;
  /** Another is to follow it, as it may have been too early. */
  takeAgain = false;
  /** A demand made here is on its way, which is taken in the same step if that can be; true when it was. */
  demanding: Promise<boolean> | null = null;
  /** When a demand was last noted, as far as is known, on Redis' clock. */
  demandNotedAt = 0;
  /** Who took the demand that was taken last, as a bell says. */
  takenBy: string | null = null;
  /** How many bells about demands of the job were heard. */
  demandsHeard = 0;

  /** Looking for a run that died (see recoveries.ts). */
  recovering = false;

  constructor(
    readonly name: string,
    public definition: JobDefinition,
    public settings: JobSettings,
    /** On the process's monotonic clock, in ms. */
    public hiredAt: number,
  ) {}

  /** The fleet follows another plan than our own. */
  get following(): boolean {
    const own = this.settings.schedule;
    return own !== null && this.known?.schedule != null && this.known.text !== own.plan;
  }
}
