import type { JobDefinition } from './options';
import type { Schedule } from './schedule/schedule';
import type { JobSettings } from './settings';

/** The plan that Redis stores for a job, as far as known. */
export interface KnownPlan {
  stamp: number;
  /** The next slot; FIRED or above if the job is fired. */
  slot: number;
  /** The schedule of the slots: this instance's own plan, or a later plan of another instance. Null if the job is fired. */
  schedule: Schedule | null;
  text: string;
}

/** The state of a job's plan. Only `plans/` writes it. */
export interface PlanState {
  /** Null until Redis has answered, and for a job without its own plan. */
  known: KnownPlan | null;
  /** The sequence number of the last hire or fire of the job here; answers to earlier ones are ignored. */
  lastCall: number;
  /** The stamp of the last known fire. */
  firedBy: number;
  /** The job is no longer hired here. */
  isDismissed: boolean;
  /** A sync with Redis is in flight, or about to be sent. */
  syncing: boolean;
  /** Another sync follows, because the current one may have been too early. */
  syncAgain: boolean;
  /** When the last sync began, on the process's monotonic clock. */
  syncedAt: number;
}

/** The state of a job's next slot and its claim. Only `slots/` writes it. */
export interface SlotState {
  /**
   * Who claims the next slot before all others: the instance that claimed the last one, unless it steps back. `nobody, as I
   * stepped back`: this instance stepped back, so it claims the slot whatever a bell says.
   */
  goesFirst: 'me' | 'other' | 'nobody' | 'nobody, as I stepped back';
  /** When the last slot was claimed according to a bell, on Redis' clock; 0 if no bell reported it. */
  claimHeardAt: number;
  /** When the next slot last changed, on Redis' clock. */
  heardAt: number;
  /** A slot that is not claimed before its time, because a run was in progress. */
  punctualAt: number;
  /** A slot that became due while this instance had no room to run it. */
  crowdedAt: number;
  /** The slot for which the job waits in line to be claimed; 0 if it does not wait. */
  waitsWith: number;
  /** The alarm was late, or the instance busy, so it has already waited a second time. */
  waitedAgain: boolean;
  /** A claim is in flight, or the slot that it won waits for its time. */
  claiming: boolean;
  /** The token of a slot that was won and whose run has not begun. */
  wonWith: string | null;
  /**
   * The tokens of the current attempt to recover a run, and of the last one, which was too late to begin; null: there is no
   * attempt.
   */
  recovering: readonly string[] | null;
}

/** The state of a job's demands. Only `demands/` writes it. */
export interface DemandState {
  /** A take is in flight. */
  taking: boolean;
  /** Another take follows, because the current one may have been too early. */
  takeAgain: boolean;
  /** A demand of this instance that is in flight, and is taken in the same step if possible; true if it was taken. */
  demanding: Promise<boolean> | null;
  /** When a demand was last noted, as far as known, on Redis' clock. */
  demandNotedAt: number;
  /** The instance that took the last demand, according to a bell. */
  takenBy: string | null;
  /** How many bells about the job's demands were heard. */
  demandsHeard: number;
}

/** The state of a job's runs in this instance. Only `runs/` writes it. */
export interface RunState {
  /** How many runs of the job are in progress here. */
  running: number;
  /** The job's data in Redis was deleted, so the ends of these runs are not recorded. */
  isForgotten: boolean;
}

/**
 * A job as one instance knows it. Redis holds the truth; this is what the instance last heard. One flat object, because there
 * may be thousands of jobs, and nested objects would take more heap.
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
  waitsWith = 0;
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

  /** Whether the fleet follows a different plan than our own. */
  get following(): boolean {
    const own = this.settings.schedule;
    return own !== null && this.known?.schedule != null && this.known.text !== own.plan;
  }
}

/** Adds a job to those hired here, or replaces the definition of the one with this name. */
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
