/** The record of a run that ended. Times are ms since the epoch on Redis' clock. */
export interface RunRecord {
  /** The slot; null for a demand. */
  slot: number | null;
  /** When the demand was made; null for a slot. */
  demandedAt: number | null;
  startedAt: number;
  /** ms from the slot or the demand to the start. */
  lateness: number;
  durationMs: number;
  /**
   * `vetoed`: a QA did not call `next()` · `abandoned`: its instance quit before it ended · `died`: its process ended before
   * the run did; `durationMs` is 0.
   */
  outcome: 'done' | 'failed' | 'vetoed' | 'abandoned' | 'died';
  /** The message of the error that `work` or a QA threw, cut after 2,000 characters (200 in `jobs()`). */
  error: string | null;
  /** The error with its stack and causes. Null if there is none, in `jobs()`, and with `history: { errors: false }`. */
  details: ErrorDetails | null;
  /** The instance that ran it; see `InstanceInfo.id`. */
  by: string;
  /** The host of that instance, cut after 64 characters; null in records written by 2.0.0. */
  host: string | null;
  /** The process id of that instance; null in records written by 2.0.0. */
  pid: number | null;
  /** The slot or demand was run before, by an instance that died or quit during the run. */
  recovered: boolean;
}

/** The record of an error. With all causes it takes at most 8 kB, so texts may be cut and causes omitted. */
export interface ErrorDetails {
  /** For example `TypeError`. If a value other than an error was thrown: its type, such as `string`. */
  name: string;
  /** Cut after 2,000 characters. */
  message: string;
  /** The stack frames, one per line, without name and message; null if there are none. */
  stack: string | null;
  /** The error's `cause`. */
  cause: ErrorDetails | null;
  /** The `errors` of an AggregateError. */
  errors: ErrorDetails[];
  /** How many causes and errors were omitted, because of the size limit or because they are listed elsewhere. */
  omitted: number;
}

/** The record of a pause. Times are ms since the epoch on Redis' clock. */
export interface PausedInfo {
  since: number;
  /** When the job resumes by itself; null if it waits for `resume`. */
  until: number | null;
  /** The reason given to `pause`. */
  note: string | null;
  /** Who paused it: `HOST:PID`, or `cli`. */
  by: string;
}

/** A job, as the fleet and Redis know it. Times are ms since the epoch on Redis' clock. */
export interface JobInfo {
  name: string;
  /** The canonical plan, such as `every 600000` or `cron 0 9 * * 1-5 Europe/Helsinki`; null if the job has none. */
  plan: string | null;
  /** The plan in words, such as `every 10 minutes` or `cron 0 9 * * 1-5`; null if the job has no valid plan. */
  words: string | null;
  /** The time zone of a cron plan. */
  tz: string | null;
  /** The next slot that will run. Null without a plan, if the job was fired, and while it is paused without an end. */
  nextSlot: number | null;
  fired: boolean;
  /** Null if the job is not paused. */
  paused: PausedInfo | null;
  /** When the waiting demand was made; null if none waits. */
  demandedSince: number | null;
  running: {
    /** The instance that holds the job's lock: its id, or the first 16 digits of the token of an instance of the original. */
    by: string;
    /** The host of that instance; null for an original, and for version 2.0.0 once the instance has stopped. */
    host: string | null;
    pid: number | null;
    /** When the run began; null if unknown. */
    since: number | null;
    /** ms until the lock expires: 0 if the run continues without it, Infinity for a lock that never expires. */
    lockRestMs: number;
  } | null;
  lastRun: RunRecord | null;
  /**
   * The job has a plan and is not fired, but no instance that answered hires it with a plan: its slots do not run. Always
   * false while `hirersKnown` is false.
   */
  orphaned: boolean;
  /** The ids of the instances that hire the job. */
  hiredBy: string[];
  /**
   * False if instances may be running but none could answer: Redis refuses all writes, for example when it is out of memory, or
   * the instances that received the question are frozen. The instance that asks still lists itself in `hiredBy`. Also false for
   * a job that no answering instance hires, while a connected instance does not answer.
   */
  hirersKnown: boolean;
  /** How many runs have ended, with any outcome, since Redis first knew the job. */
  runs: number;
  failures: number;
  /** How many runs in a row failed, were abandoned or died, up to the last one; 0 if the last one did not. */
  failuresInARow: number;
  /**
   * ms since the next slot came due without being claimed; null if it is not due. A few ms are normal; more means that no
   * instance that hires the job is running, or that all of them are too busy.
   */
  overdue: number | null;
  /** How often a slot was skipped (`locked`, `missed`); several slots missed in a row count once. */
  skips: number;
}

/** An instance's answer to the roll call. */
export interface InstanceInfo {
  /** 16 hex digits, unique to the instance. */
  id: string;
  host: string;
  pid: number;
  /** The version of bossman. */
  version: string;
  /**
   * The name and version in the application's package.json, such as `shop@1.4.0`, or the name of the main script. Null if the
   * instance does not send it, as in version 2.0.0.
   */
  application: string | null;
  /** When the instance was created, in ms since the epoch on Redis' clock. */
  since: number;
  /** The jobs that it hires, sorted by name. A plan of null: on demand only. */
  jobs: { name: string; plan: string | null }[];
  /** The runs in progress. Times are ms since the epoch on Redis' clock. */
  running: {
    job: string;
    since: number;
    slot: number | null;
    demandedAt: number | null;
    /** When the run's lock expires, or expired. */
    lockEndsAt: number;
  }[];
}

/** Options of `Bossman.next`. */
export interface NextOptions {
  /**
   * How many slots; an integer from 1 to 10,000.
   *
   * @default 5
   */
  count?: number | undefined;
}

/** Options of `Bossman.history`. */
export interface HistoryOptions {
  /**
   * How many runs; an integer, at least 1.
   *
   * @default 20
   */
  last?: number | undefined;
}
