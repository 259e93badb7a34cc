/** A run that ended, as it was noted. Instants are ms since the epoch on Redis' clock. */
export interface RunRecord {
  /** The slot that was run, or null for a demand. */
  slot: number | null;
  /** When the demand was made, or null for a slot. */
  demandedAt: number | null;
  startedAt: number;
  /** From the slot, or the demand, to the start; ms. */
  lateness: number;
  durationMs: number;
  /**
   * `vetoed`: a QA did not call `next()` · `abandoned`: its instance quit before it ended · `died`: its process ended
   * before it did, so `durationMs` is 0.
   */
  outcome: 'done' | 'failed' | 'vetoed' | 'abandoned' | 'died';
  /** The message of what `work` or a QA threw, cut after 2,000 characters; in `jobs()` after 200. */
  error: string | null;
  /** The error with its stack and causes; null without one, in `jobs()`, and with the option `history: { errors: false }`. */
  details: ErrorDetails | null;
  /** The instance that ran it; see `InstanceInfo.id`. */
  by: string;
  /** The host of that instance, cut after 64 characters; null in records of 2.0.0. */
  host: string | null;
  /** The process of that instance; null in records of 2.0.0. */
  pid: number | null;
  /** The slot was run before, by an instance that died in it. */
  recovered: boolean;
}

/** An error as it was noted: at most 8 kB with all its causes, so texts may be cut, and causes left out. */
export interface ErrorDetails {
  /** `TypeError`; of what is no error, its type, such as `string`. */
  name: string;
  /** Cut after 2,000 characters. */
  message: string;
  /** The frames of its stack, one a line, without name and message. Null where it has none. */
  stack: string | null;
  /** The error's `cause`. */
  cause: ErrorDetails | null;
  /** The `errors` of an AggregateError. */
  errors: ErrorDetails[];
  /** How many of its cause and errors were left out, as there was no room, or as they stand elsewhere already. */
  omitted: number;
}

/** A pause, as it is noted. Instants are ms since the epoch on Redis' clock. */
export interface PausedInfo {
  since: number;
  /** When the job resumes by itself; null: when somebody calls `resume`. */
  until: number | null;
  /** Why, as whoever paused it wrote. */
  note: string | null;
  /** Who paused it: `HOST:PID`, or `cli`. */
  by: string;
}

/** A job, as the fleet and Redis know it. Instants are ms since the epoch on Redis' clock. */
export interface JobInfo {
  name: string;
  /** The canonical plan, such as `every 600000` or `cron 0 9 * * 1-5 Europe/Helsinki`; null: it has none. */
  plan: string | null;
  /** The plan in words, such as `every 10 minutes` or `cron 0 9 * * 1-5`; null where there is none that means anything. */
  words: string | null;
  /** The zone of a cron plan. */
  tz: string | null;
  /** The next slot that is run: null without a plan, when the job was fired, and while it is paused without an end. */
  nextSlot: number | null;
  fired: boolean;
  /** Null: none of its slots is kept from being run. */
  paused: PausedInfo | null;
  /** A demand waits since then. */
  demandedSince: number | null;
  running: {
    /** The instance that has the job's lock: its id, or the first 16 digits of what an instance of the original has set. */
    by: string;
    /** Where that instance is, or was if it has gone; null for an original, and for version 2.0.0 once it has gone. */
    host: string | null;
    pid: number | null;
    /** Null where it is not known. */
    since: number | null;
    /** ms until the lock ends: 0 for a run that goes on without it, Infinity for a lock that has no end. */
    lockRestMs: number;
  } | null;
  lastRun: RunRecord | null;
  /**
   * It has a plan, is not fired, and no instance that answered hires it with one: nobody runs its slots. Always false
   * while `hirersKnown` is false.
   */
  orphaned: boolean;
  /** Ids of the instances that hire it. */
  hiredBy: string[];
  /**
   * False when no instance could answer although some may be there: Redis refuses all writes, as it does when it is out
   * of memory, or those that heard the question are frozen. An instance that asks still counts itself in `hiredBy`.
   */
  hirersKnown: boolean;
  /** Runs that ended, however they did, since the job is known to Redis. */
  runs: number;
  failures: number;
  /** How many of the last runs failed, one after another; also those that were abandoned, or died. 0: the last did not. */
  failuresInARow: number;
  /**
   * How long ago its next slot has passed without being claimed, in ms; null when it has not passed. A few ms mean
   * nothing; more means that no instance that hires the job lives, or that all are too busy.
   */
  overdue: number | null;
  /** How often its slot was skipped (`locked`, `missed`); slots that are missed in a row are one. */
  skips: number;
}

/** An instance, as it answered the roll call. */
export interface InstanceInfo {
  /** 16 hex digits, another in each instance. */
  id: string;
  host: string;
  pid: number;
  /** Of bossman. */
  version: string;
  /**
   * What its process is: name and version of the application's package.json, such as `shop@1.4.0`, else the name of the
   * main script. Null where it does not say, as in version 2.0.0.
   */
  application: string | null;
  /** When the instance was made, in ms since the epoch on Redis' clock. */
  since: number;
  /** What it has hired, by name; a plan of null: on demand only. */
  jobs: { name: string; plan: string | null }[];
  /** The runs that go on in it. Instants are ms since the epoch on Redis' clock. */
  running: {
    job: string;
    since: number;
    slot: number | null;
    demandedAt: number | null;
    /** When the run's lock ends, or ended. */
    lockEndsAt: number;
  }[];
}

/** How many of a job's coming slots. */
export interface NextOptions {
  /** An integer from 1 to 10,000. Default 5. */
  count?: number | undefined;
}

/** What part of a job's history. */
export interface HistoryOptions {
  /** The last so many runs; whole, at least 1. Default 20. */
  last?: number | undefined;
}
