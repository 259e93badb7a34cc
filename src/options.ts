import type { RedisOptions } from 'ioredis';

/**
 * A URL, options, a port, or the path of a socket, as for the constructor of ioredis; or an ioredis client or Cluster, which is
 * duplicated and otherwise not used. Options and clients may belong to another major version of ioredis than the one
 * bossman depends on.
 */
export type Connection =
  | string
  | URL
  | number
  | RedisOptions
  | IoredisOptions
  | IoredisClient
  | FleetConnection;

/** The connection of a fleet in memory; see `bossman/testing`. */
export interface FleetConnection {
  readonly isInMemory: true;
}

/** The options that all versions of ioredis share. */
export interface IoredisOptions {
  host?: string | undefined;
  port?: number | undefined;
  /** The path of a Unix socket. */
  path?: string | undefined;
  username?: string | undefined;
  password?: string | undefined;
  db?: number | undefined;
  /** The name of the group that the Sentinels monitor. */
  name?: string | undefined;
  sentinels?: { host?: string | undefined; port?: number | undefined }[] | undefined;
  tls?: object | undefined;
  keyPrefix?: string | undefined;
}

/** A client or a Cluster of any version of ioredis. */
export interface IoredisClient {
  readonly options: object;
  duplicate(...given: never[]): unknown;
  defineCommand(name: string, definition: { lua: string; numberOfKeys?: number }): void;
}

/** Options of an instance, which each job may override. */
export interface RunOptions {
  /**
   * How long a run may hold its job's lock, in ms; an integer, at least 1. A run that takes longer continues, but another
   * may begin; the event `lost` reports it. See `keepAlive`.
   *
   * @default 2000
   */
  ttl?: number | undefined;
  /**
   * Renew the lock until the run ends. If a renewal fails, or another run holds the lock, the run's `signal` aborts and `lost`
   * is emitted.
   *
   * @default false
   */
  keepAlive?: boolean | undefined;
  /**
   * Run a slot or a demand once more, on another instance, if the instance that ran it died, or quit before the run ended.
   * This is detected by a lock that expired before its run ended: set a `ttl` longer than the work takes, or `keepAlive`. A
   * slot or demand is recovered at most once.
   *
   * @default false
   */
  recover?: boolean | undefined;
  /**
   * What happens to a slot that is more than 1 s late because no instance was running.
   *
   * - `run`: it runs once, however late.
   * - `skip`: it is skipped, and reported.
   * - `{ within }`: it runs if it is at most that late (ms, or a phrase such as `6 hours`); otherwise it is skipped and
   *   reported. If several slots were missed, the first of them within that time runs once.
   *
   * @default 'run'
   */
  misfire?: 'run' | 'skip' | { within: number | string } | undefined;
  /**
   * Delays all slots of a job by a fixed offset from 0 to less than this time (ms, or a phrase such as `15 minutes`), so that
   * jobs with the same plan do not all start at once. The offset is derived from prefix and name: it is the same in every
   * instance and after every restart. It is part of the plan; the first run of an interval comes one interval plus the
   * offset after the first hire. Must be less than the time between two slots.
   *
   * @default 0
   */
  jitter?: number | string | undefined;
  /**
   * The IANA time zone of cron plans, such as `Europe/Helsinki`.
   *
   * @default the process's time zone
   */
  tz?: string | undefined;
  /**
   * How many of a job's last runs are kept for `Bossman.history`; an integer, at least 0 (none). A few more may be kept. A run
   * takes about 200 bytes in Redis, and a failed one up to 8 kB more for the error's stack and causes. In an object, `runs`
   * is that number, and `errors: false` keeps only the message of an error; a missing field keeps the instance's value.
   *
   * @default 100
   */
  history?: number | { runs?: number | undefined; errors?: boolean | undefined } | undefined;
}

/** Options of a `Bossman`; all are optional. */
export interface BossmanOptions extends RunOptions {
  /**
   * How to connect to Redis.
   *
   * @default localhost:6379
   * @see https://github.com/redis/ioredis#connect-to-redis
   */
  connection?: Connection | undefined;
  /**
   * The beginning of all keys. Instances that share the prefix and the database form one fleet.
   *
   * @default 'bossman'
   */
  prefix?: string | undefined;
  /**
   * The most runs at the same time in this instance, slots and demands together; an integer, at least 1. A full instance leaves
   * due slots and demands to the others, and checks again as soon as a run ends. If all instances are full, they run late;
   * see `misfire`. A run counts until its work ends, even if its lock has expired before.
   *
   * @default Infinity
   */
  concurrency?: number | undefined;
  /**
   * Never send CONFIG. The notifications that it enables (`notify-keyspace-events Ex`) are only needed for demands made by
   * instances of the original.
   *
   * @default false
   */
  disableRedisConfig?: boolean | undefined;
}

/** What `work` receives about its run. */
export interface RunContext {
  readonly job: string;
  /** The slot, in ms since the epoch on Redis' clock; null for a demand. */
  readonly slot: number | null;
  /** When the demand was made, in ms since the epoch on Redis' clock; null for a slot. */
  readonly demandedAt: number | null;
  /** The slot or demand was run before, by an instance that died or quit during the run; see `recover`. */
  readonly recovered: boolean;
  /**
   * Aborts if the lock is lost to another run or cannot be renewed (the reason has the code `LOCK_LOST`), and if `quit` no
   * longer waits for the run (`QUIT`).
   */
  readonly signal: AbortSignal;
}

/** A job's work, and its plan. With neither `every` nor `cron` the job runs on demand only. */
export interface JobDefinition extends RunOptions {
  /** The work. The job's lock is held until the returned promise settles. */
  work: (context: RunContext) => unknown;
  /**
   * The interval: ms, or a phrase such as `10 minutes`, `1h 30m`, `two hours` or `an hour`. The first run comes one interval
   * after the first hire.
   */
  every?: number | string | undefined;
  /**
   * A cron pattern with 5 fields, or with 6 of which the first is seconds.
   *
   * @see https://croner.56k.guru/usage/pattern/
   */
  cron?: string | undefined;
}

/** Middleware around every run; see `Bossman.qa`. */
export type Qa = (name: string, definition: JobDefinition, next: () => Promise<unknown>) => unknown;

/** Options of `Bossman.quit`. */
export interface QuitOptions {
  /**
   * The longest wait for runs, in ms; 0: none, Infinity: no limit.
   *
   * @default 30 s for a run with `keepAlive`; for any other until its lock would expire, but at least 2 s or its `ttl`,
   *   whichever is less
   */
  timeout?: number | undefined;
}

/** Options of `Bossman.pause`. */
export interface PauseOptions {
  /**
   * When the job resumes by itself: a `Date`, ms since the epoch, or a duration from now in the phrases of `every`, such as
   * `2 hours`.
   *
   * @default never
   */
  until?: Date | number | string | undefined;
  /**
   * The reason, shown by `jobs()` and the CLI; at most 200 characters.
   *
   * @default none
   */
  note?: string | undefined;
}
