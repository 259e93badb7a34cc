import type { BossmanError } from './errors';

/** The fields that all events of a run share. Times are ms since the epoch on Redis' clock. */
export interface RunEvent {
  job: string;
  /** The slot; null for a demand. */
  slot: number | null;
  /** When the demand was made; null for a slot. */
  demandedAt: number | null;
  /** The slot or demand was run before, by an instance that died or quit during the run. */
  recovered: boolean;
  startedAt: number;
  /** ms from the slot or the demand to the start. */
  lateness: number;
}

/** A run ended: its QAs and `work` have resolved. */
export interface FinishEvent extends RunEvent {
  /** ms */
  duration: number;
  /** A QA did not call `next()`, so `work` was not called. */
  vetoed: boolean;
}

/** A run failed: `work` or a QA threw `cause` or rejected with it. */
export interface FailEvent extends RunEvent {
  /** ms */
  duration: number;
  cause: unknown;
}

/** A slot, or several in a row, will not run. */
export interface SkipEvent {
  job: string;
  slot: number;
  /** The last slot that this event covers: `slot` itself, or a later one if several in a row were missed. */
  through: number;
  /**
   * `locked`: an earlier run of the job still held the lock · `missed`: no instance claimed the slot in time, and a later run
   * replaces it or `misfire` skips it · `expired`: an instance claimed the slot, but the lock expired before the work could
   * begin · `quit`: an instance claimed the slot, but quit before the work could begin.
   */
  why: 'locked' | 'missed' | 'expired' | 'quit';
}

/** A run lost its lock or its instance, or died. */
export interface LostEvent {
  job: string;
  slot: number | null;
  demandedAt: number | null;
  /**
   * `expired`: the run took longer than its ttl without `keepAlive` · `renewal`: the lock could not be renewed in time ·
   * `taken`: another run holds the lock, or it was deleted · `quit`: its instance quit before the run ended, and recorded it
   * as `abandoned` · `died`: its process ended during the run; one other instance of the fleet reports it. `renewal`, `taken`
   * and `quit` abort the run's `signal`.
   */
  why: 'expired' | 'renewal' | 'taken' | 'quit' | 'died';
}

/** The fleet follows a different plan for a job than the one this instance hired it with. */
export interface PlanEvent {
  job: string;
  /** The fleet's plan, such as `every 600000` or `cron 0 9 * * 1-5 Europe/Helsinki`. */
  plan: string;
  /** The plan that this instance hired the job with. */
  own: string;
}

/** A job was paused: none of its slots runs until it is resumed. Times are ms since the epoch on Redis' clock. */
export interface PauseEvent {
  job: string;
  since: number;
  /** When the job resumes by itself; null if it waits for `resume`. */
  until: number | null;
  /** The reason given to `pause`. */
  note: string | null;
  /** Who paused it: `HOST:PID`, or `cli`. */
  by: string;
}

/** A pause ended. */
export interface ResumeEvent {
  job: string;
  /** When the job was paused, in ms since the epoch on Redis' clock. */
  since: number;
  /** Who resumed it: `HOST:PID`, or `cli`; null if the pause reached its `until`. */
  by: string | null;
}

/** Somebody steered a job through `bossman/web`, by the page or the HTTP API. Emitted by the instance that serves it. */
export interface SteeredEvent {
  job: string;
  action: 'demand' | 'pause' | 'resume' | 'fire' | 'forget';
  /** The name that `authorize` returned for the user; null if it returned none. */
  who: string | null;
}

/** The events of a `Bossman`, by name. An event without listeners costs nothing. */
export interface BossmanEvents {
  start: [event: RunEvent];
  finish: [event: FinishEvent];
  fail: [event: FailEvent];
  skip: [event: SkipEvent];
  lost: [event: LostEvent];
  plan: [event: PlanEvent];
  pause: [event: PauseEvent];
  resume: [event: ResumeEvent];
  steered: [event: SteeredEvent];
  /** Every failure, including those of `work`. Without a listener it becomes a process warning. */
  error: [error: BossmanError];
}

/** A listener for the event `E`. */
export type BossmanListener<E extends keyof BossmanEvents> = (...payload: BossmanEvents[E]) => void;

/** The only way in which the parts of an instance report what happened. */
export interface Teller {
  /** Whether the event has listeners. Asked before an event is created. */
  hears(event: keyof BossmanEvents): boolean;
  tell<E extends keyof BossmanEvents>(event: E, ...payload: BossmanEvents[E]): void;
  /**
   * Reports an error. With a topic, it is reported once per topic and kind of refusal until `over` was called for everything
   * affected: an outage is reported once, not once per command and job.
   *
   * @param who what is affected; default: the error's job
   */
  trouble(error: BossmanError, topic?: string, who?: string): void;
  /** The topic works again: for this job or connection, or in general. */
  over(topic: string, who?: string): void;
}
