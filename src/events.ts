import type { BossmanError } from './errors';

/** What every event of one run says. Times are ms since the epoch on Redis' clock. */
export interface RunEvent {
  job: string;
  /** The slot that is run, or null for a demand. */
  slot: number | null;
  /** When the demand was made, or null for a slot. */
  demandedAt: number | null;
  /** The slot, or the demand, was run before, by an instance that died in it. */
  recovered: boolean;
  startedAt: number;
  /** From the slot, or the demand, to the start; ms. */
  lateness: number;
}

/** A run that ended: its chain of QAs, and `work`, have settled. */
export interface FinishEvent extends RunEvent {
  /** ms */
  duration: number;
  /** A QA did not call `next()`, so `work` was not run. */
  vetoed: boolean;
}

/** A run whose `work`, or QA, threw or rejected with `cause`. */
export interface FailEvent extends RunEvent {
  /** ms */
  duration: number;
  cause: unknown;
}

/** Slots that are not run, and why. */
export interface SkipEvent {
  job: string;
  slot: number;
  /** The last slot that this event speaks of: `slot` itself, or a later one where several in a row were missed. */
  through: number;
  /**
   * `locked`: a run of the job still held its lock · `missed`: the slot's time had passed, and a later run stands for it
   * or `misfire: 'skip'` lets it go · `expired`: the slot was won, but its lock had run out before the work could begin ·
   * `quit`: the slot was won, but its instance quit before the work could begin.
   */
  why: 'locked' | 'missed' | 'expired' | 'quit';
}

/** A run goes on without its lock, or without its instance, or has died. */
export interface LostEvent {
  job: string;
  slot: number | null;
  demandedAt: number | null;
  /**
   * `expired`: the run outlived its ttl without `keepAlive` · `renewal`: the lock could not be renewed in time ·
   * `taken`: it is another run's, or gone · `quit`: its instance quit before the run ended, and recorded it as
   * `abandoned` · `died`: its process ended during the run; one other instance of the fleet reports it. All but `expired`
   * abort the run's `signal`.
   */
  why: 'expired' | 'renewal' | 'taken' | 'quit' | 'died';
}

/** The fleet follows another plan for a job than the one this instance hired it with. */
export interface PlanEvent {
  job: string;
  /** The plan that is followed, such as `every 600000` or `cron 0 9 * * 1-5 Europe/Helsinki`. */
  plan: string;
  /** The plan that this instance hired the job with. */
  own: string;
}

/** A job is paused: none of its slots is run until it is resumed. Instants are ms since the epoch on Redis' clock. */
export interface PauseEvent {
  job: string;
  since: number;
  /** When the job resumes by itself; null: when somebody calls `resume`. */
  until: number | null;
  /** Why, as whoever paused it wrote. */
  note: string | null;
  /** Who paused it: `HOST:PID`, or `cli`. */
  by: string;
}

/** A job that was paused is no longer. */
export interface ResumeEvent {
  job: string;
  /** Since when it had been paused, in ms since the epoch on Redis' clock. */
  since: number;
  /** Who resumed it: `HOST:PID`, or `cli`; null: the time had come until which it was paused. */
  by: string | null;
}

/** Somebody steered a job in the browser, or by the HTTP API, of `bossman/web`. It is emitted where the page is served. */
export interface SteeredEvent {
  job: string;
  action: 'demand' | 'pause' | 'resume' | 'fire' | 'forget';
  /** What `authorize` called whoever did it; null where it did not say. */
  who: string | null;
}

/** The events of a `Bossman`, by name. An event costs nothing when nobody listens. */
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
  /** Everything that went wrong, failures of `work` included. With no listener it becomes a process warning. */
  error: [error: BossmanError];
}

/** A listener of an event. */
export type BossmanListener<E extends keyof BossmanEvents> = (...payload: BossmanEvents[E]) => void;

/** The one door through which the parts of an instance tell what happened. */
export interface Teller {
  /** Is anybody listening? Asked before an event is made. */
  hears(event: keyof BossmanEvents): boolean;
  tell<E extends keyof BossmanEvents>(event: E, ...payload: BossmanEvents[E]): void;
  /**
   * Tells an error. With a topic, only once for that topic and kind of refusal until it is over for everything that it
   * hit: an outage is told once, not once for each command and job.
   *
   * @param who what is hit; by default the error's job
   */
  trouble(error: BossmanError, topic?: string, who?: string): void;
  /** What the topic is about has worked: for this job or connection, or, without one, in general. */
  over(topic: string, who?: string): void;
}
