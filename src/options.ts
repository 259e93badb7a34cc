import type { RedisOptions } from 'ioredis';

/**
 * What ioredis' constructor takes as its one argument: a URL, options, a port, or the path of a socket. Or an ioredis
 * client, or a Cluster, which is duplicated and otherwise left alone. Options and clients may be those of another major
 * version of ioredis than bossman brings.
 */
export type Connection = string | URL | number | RedisOptions | IoredisOptions | IoredisClient;

/** What all versions of ioredis have in common in their options. */
export interface IoredisOptions {
  host?: string | undefined;
  port?: number | undefined;
  /** Of a socket. */
  path?: string | undefined;
  username?: string | undefined;
  password?: string | undefined;
  db?: number | undefined;
  /** Of a group that Sentinels look after. */
  name?: string | undefined;
  sentinels?: { host?: string | undefined; port?: number | undefined }[] | undefined;
  tls?: object | undefined;
  keyPrefix?: string | undefined;
}

/** A client or a Cluster of any version of ioredis, as far as it matters here. */
export interface IoredisClient {
  readonly options: object;
  duplicate(...given: never[]): unknown;
  defineCommand(name: string, definition: { lua: string; numberOfKeys?: number }): void;
}

/** What may be said for a whole instance, and per job over it. */
export interface RunOptions {
  /**
   * How long a run may hold its job's lock, in ms; whole, at least 1. Default 2000. A run that takes longer goes on, but
   * another may begin; it is told by the event `lost`. See `keepAlive`.
   */
  ttl?: number | undefined;
  /**
   * Renew the lock for as long as the run goes on. Default false, as in the original. When a renewal fails, or another
   * holder is seen, the run's `signal` aborts and `lost` is emitted.
   */
  keepAlive?: boolean | undefined;
  /**
   * Run a slot, or a demand, once more, on another instance, when the instance that ran it died, or quit before the run
   * ended. It shows by a lock that ended before
   * the run did: give a `ttl` that the work does not outlive, or `keepAlive`. At most once more; default false.
   */
  recover?: boolean | undefined;
  /**
   * What happens to a slot that is more than 1 s late because no instance was running. Default `run`.
   *
   * - `run`: it runs once, however late.
   * - `skip`: it is skipped, and reported.
   * - `{ within }`: it runs if it is not later than that (ms, or a phrase such as `6 hours`), otherwise it is skipped, and
   *   reported. Of several missed slots, the first within that time runs once.
   */
  misfire?: 'run' | 'skip' | { within: number | string } | undefined;
  /**
   * Moves all slots of a job by a fixed time that is at least 0 and less than this (ms, or a phrase such as
   * `15 minutes`), so that jobs with the same plan do not all start at once. The time is derived from prefix and name:
   * it is the same in every instance and after every restart. It is part of the plan; the first run of an interval comes
   * one interval and that time after the first hire. Must be less than the gap between two slots. Default 0, none.
   */
  jitter?: number | string | undefined;
  /** IANA time zone of cron plans, such as `Europe/Helsinki`. Default: the process's. */
  tz?: string | undefined;
  /**
   * How many of a job's last runs `Bossman.history` knows; whole, at least 0. Default 100; a few more may be kept. Each
   * takes some 200 bytes in Redis, and a failed one up to 8 kB more, for the error's stack and causes. 0: a run is not
   * kept. As an object, `runs` is that number, and `errors: false` keeps an error's message alone; what it leaves out is
   * as it was.
   */
  history?: number | { runs?: number | undefined; errors?: boolean | undefined } | undefined;
}

/** Options of a `Bossman`. All of them may be left out. */
export interface BossmanOptions extends RunOptions {
  /** Where Redis is. Default: localhost:6379. @see https://github.com/redis/ioredis#connect-to-redis */
  connection?: Connection | undefined;
  /** What all keys begin with; instances that share it, and the database, are one fleet. Default `bossman`. */
  prefix?: string | undefined;
  /**
   * The most runs at a time in this instance, of slots and demands together; whole, at least 1. Default Infinity, no limit.
   * A full instance leaves what is due to others, and looks again as soon as it has room. With all instances full it waits,
   * and runs late; see `misfire`. A run has its place until its work ends, also when its lock has ended before.
   */
  concurrency?: number | undefined;
  /**
   * Never send CONFIG. Default false. The notifications (`notify-keyspace-events Ex`) are only needed to hear demands
   * made by instances of the original.
   */
  disableRedisConfig?: boolean | undefined;
}

/** What a run is told about itself. */
export interface RunContext {
  readonly job: string;
  /** The slot that is run, in ms since the epoch on Redis' clock; null for a demand. */
  readonly slot: number | null;
  /** When the demand was made, in ms since the epoch on Redis' clock; null for a slot. */
  readonly demandedAt: number | null;
  /** The slot was run before, by an instance that died in it; see `recover`. */
  readonly recovered: boolean;
  /**
   * Aborts when the lock is lost to another, or cannot be renewed (its reason has the code `LOCK_LOST`), and when `quit` waits
   * no longer for the run (`QUIT`).
   */
  readonly signal: AbortSignal;
}

/** A job: its work, and when it is to be done. With neither `every` nor `cron` it runs on demand only. */
export interface JobDefinition extends RunOptions {
  /** The work; the job's lock is held until the promise that it returns settles. */
  work: (context: RunContext) => unknown;
  /** The interval: ms, or a phrase such as `10 minutes`, `1h 30m`, `two hours`, `an hour`. The first run comes one interval after the first hire. */
  every?: number | string | undefined;
  /** A cron pattern of 5 fields, or 6 with seconds in front. @see https://croner.56k.guru/usage/pattern/ */
  cron?: string | undefined;
}

/** Middleware around every run; see `Bossman.qa`. */
export type Qa = (name: string, definition: JobDefinition, next: () => Promise<unknown>) => unknown;

/** How to leave. */
export interface QuitOptions {
  /**
   * The longest wait for runs, in ms; 0: none, Infinity: for as long as they take. Default: for a run with `keepAlive` 30 s,
   * for any other until its lock would end, and at least 2 s or its `ttl`, whichever is less.
   */
  timeout?: number | undefined;
}

/** How to pause a job. */
export interface PauseOptions {
  /**
   * When the job resumes by itself: a `Date`, ms since the epoch, or a duration from now such as `2 hours`, in the phrases of
   * `every`. Default: never.
   */
  until?: Date | number | string | undefined;
  /** Why, for whoever looks: at most 200 characters. Default: none. */
  note?: string | undefined;
}
