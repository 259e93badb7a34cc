import type { JobDefinition, JobSettings } from './options';
import type { Schedule } from './schedule';

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
  /** The last hire or fire of the job here; answers to earlier ones no longer count. */
  call = 0;
  /** This instance claimed the last slot, so it goes first at the next. */
  first = false;
  /** Nobody goes first. */
  open = true;
  /** A claim is on its way. */
  claiming = false;
  /** The alarm went off, late or in a busy instance, and has waited again. */
  waitedAgain = false;
  looking = false;
  lookAgain = false;
  /** When anything was last heard of the job's slots, on Redis' clock. */
  heardAt = 0;

  // Demands (see demands.ts)
  taking = false;
  takeAgain = false;
  /** A demand made here that would be taken in the same step; true when it was. */
  demanding: Promise<boolean> | null = null;
  /** When a demand was last noted, as far as is known, on Redis' clock. */
  demandNotedAt = 0;
  /** Bells about demands of the job. */
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

  get following(): boolean {
    const own = this.settings.schedule;
    return own !== null && this.known?.schedule != null && this.known.text !== own.plan;
  }
}
