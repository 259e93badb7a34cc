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

/** What is known of a job's plan. Written by `plans/` alone. */
export interface PlanState {
  /** null until Redis has answered, and for a job without a plan of its own. */
  known: KnownPlan | null;
  /** The sequence number of the last hire or fire of the job here; answers to earlier ones no longer count. */
  lastCall: number;
  /** The stamp of the last fire that was heard of. */
  firedBy: number;
  /** It is no longer hired here. */
  isDismissed: boolean;
  /** A sync with Redis is on its way, or about to be sent. */
  syncing: boolean;
  /** Another is to follow it, as it may have been too early. */
  syncAgain: boolean;
  /** When the last sync began, on the process's monotonic clock. */
  syncedAt: number;
}

/** What is known of a job's next slot, and of the claim of it. Written by `slots/` alone. */
export interface SlotState {
  /**
   * Who claims the next slot before all others: whoever claimed the last one, unless it steps back. `nobody, as I stepped back`: that
   * was this instance, so it claims whatever a bell says.
   */
  goesFirst: 'me' | 'other' | 'nobody' | 'nobody, as I stepped back';
  /** When the last slot was claimed, as a bell says, on Redis' clock; 0: it is not known from a bell. */
  claimHeardAt: number;
  /** When anything was last heard of the job's slots, on Redis' clock. */
  heardAt: number;
  /** A slot that is not claimed before its time, as a run went on. */
  punctualAt: number;
  /** A slot that came due while this instance had no room for its run. */
  crowdedAt: number;
  /** The alarm went off, late or in a busy instance, and has waited again. */
  waitedAgain: boolean;
  /** A claim is on its way, or what it won waits for its time. */
  claiming: boolean;
  /** The token of a slot that was won and has not begun. */
  wonWith: string | null;
  /** The tokens with which a run that died is being looked for, and was taken too late; null: none is. */
  recovering: readonly string[] | null;
}

/** What is known of a job's demands. Written by `demands/` alone. */
export interface DemandState {
  /** A take is on its way. */
  taking: boolean;
  /** Another is to follow it, as it may have been too early. */
  takeAgain: boolean;
  /** A demand made here is on its way, which is taken in the same step if that can be; true when it was. */
  demanding: Promise<boolean> | null;
  /** When a demand was last noted, as far as is known, on Redis' clock. */
  demandNotedAt: number;
  /** Who took the demand that was taken last, as a bell says. */
  takenBy: string | null;
  /** How many bells about demands of the job were heard. */
  demandsHeard: number;
}

/** What goes on here. Written by `runs/` alone. */
export interface RunState {
  /** Runs of the job that go on here. */
  running: number;
  /** All that Redis keeps of the job is deleted, so the ends of these runs are not recorded. */
  isForgotten: boolean;
}

/**
 * A job as one instance knows it. What decides is in Redis; this is what it last heard. One flat object, as there may be
 * thousands of jobs, and each further object of each would take heap.
 */
export class Job implements PlanState, SlotState, DemandState, RunState {
  known: KnownPlan | null = null;
  lastCall = 0;
  firedBy = 0;
  isDismissed = false;
  syncing = false;
  syncAgain = false;
  syncedAt = Number.NEGATIVE_INFINITY;

  goesFirst: SlotState['goesFirst'] = 'nobody';
  claimHeardAt = 0;
  heardAt = 0;
  punctualAt = 0;
  crowdedAt = 0;
  waitedAgain = false;
  claiming = false;
  wonWith: string | null = null;
  recovering: SlotState['recovering'] = null;

  taking = false;
  takeAgain = false;
  demanding: Promise<boolean> | null = null;
  demandNotedAt = 0;
  takenBy: string | null = null;
  demandsHeard = 0;

  running = 0;
  isForgotten = false;

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

/** The job of the name among those that are hired here, from now on with this definition. */
export function hiredJob(
  jobs: Map<string, Job>,
  name: string,
  definition: JobDefinition,
  settings: JobSettings,
  hiredAt: number,
): Job {
  const known = jobs.get(name);
  if (known) return Object.assign(known, { definition, settings, hiredAt });
  const job = new Job(name, definition, settings, hiredAt);
  jobs.set(name, job);
  return job;
}
