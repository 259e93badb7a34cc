import { EventEmitter } from 'node:events';
import { BossmanError, type BossmanErrorCode, shown } from './errors';
import type {
  BossmanEvents,
  BossmanListener,
  FailEvent,
  FinishEvent,
  LostEvent,
  PauseEvent,
  PlanEvent,
  ResumeEvent,
  RunEvent,
  SkipEvent,
  SteeredEvent,
} from './events';
import type {
  ErrorDetails,
  HistoryOptions,
  InstanceInfo,
  JobInfo,
  NextOptions,
  PausedInfo,
  RunRecord,
} from './info';
import { Instance } from './instance';
import type {
  BossmanOptions,
  Connection,
  FleetConnection,
  IoredisClient,
  IoredisOptions,
  JobDefinition,
  PauseOptions,
  Qa,
  QuitOptions,
  RunContext,
  RunOptions,
} from './options';
import { refuseAsOptions } from './redis/forms';
import { nextSlots, type SlotsOptions, type SlotsPlan } from './schedule/next-slots';
import {
  readDefinition,
  readHistoryOptions,
  readName,
  readNextOptions,
  readOptions,
  readPauseOptions,
  readQuitOptions,
} from './settings';
import type { LostTrace, PauseTrace, ResumeTrace, RunTrace, SkipTrace, SteeredTrace } from './telling/trace';

/**
 * A scheduler and a worker in one. Every process of a service creates one and hires its jobs. All instances that share a
 * Redis database and a prefix form a fleet, which runs each slot of each job once.
 *
 * The promises that the methods return may be ignored: every failure is also reported by the event `error`, or by a process
 * warning if that event has no listener.
 */
// `@types/node` before 20.11.21 has no generic EventEmitter, so the events are typed here.
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: all members are EventEmitter's, with narrower types
class Bossman extends EventEmitter {
  private readonly instance: Instance;

  /**
   * Connects immediately, and keeps trying while Redis is unreachable.
   *
   * @throws TypeError or RangeError, naming the option and its value
   */
  constructor(options: BossmanOptions = {}) {
    super({ captureRejections: true });
    refuseAsOptions(options);
    this.instance = new Instance(this, readOptions(options), options.connection);
  }

  /** The name of this instance in Redis and in traces: 16 hex digits. */
  get id(): string {
    return this.instance.id;
  }

  /** The option `prefix`, or its default. */
  get prefix(): string {
    return this.instance.settings.prefix;
  }

  /** The option `ttl` in ms, or its default. A job may override it. */
  get ttl(): number {
    return this.instance.settings.run.ttlMs;
  }

  /** The option `tz`, or undefined if cron patterns follow the process's time zone. A job may override it. */
  get tz(): string | undefined {
    return this.instance.settings.run.tz ?? undefined;
  }

  /** The middleware added by `qa`, outermost first. This is the list itself, not a copy. */
  get qas(): Qa[] {
    return this.instance.runner.qas;
  }

  /**
   * Registers a job and its work, and starts its plan in the whole fleet. With `every`, the first run comes one interval after
   * the first hire. Call `hire` on every start, in every process: an unchanged plan keeps its slots. A changed definition
   * replaces the old one, and a changed plan replaces the fleet's. Hiring a fired job starts it again.
   *
   * @param definition without `every` and `cron` the job runs on demand only
   * @returns resolves when the plan is stored. Rejects if Redis refuses, and keeps trying nevertheless.
   * @throws TypeError or RangeError immediately for an invalid argument, naming it and its value
   */
  hire(name: string, definition: JobDefinition): Promise<void> {
    const known = readName(name);
    const { prefix, run } = this.instance.settings;
    return this.instance.hire(known, definition, readDefinition(definition, run, { prefix, name: known }));
  }

  /**
   * Runs a job once, as soon as possible, on any one instance that hired it. The plan does not change. A demand is kept until
   * it is run, even if no instance is running or the job is running now. Several demands that are made before one is taken
   * lead to one run.
   *
   * @returns resolves when the demand is stored, or starts in this instance. Rejects if Redis refuses: no demand was made.
   * @throws TypeError or RangeError immediately for an invalid name
   */
  demand(name: string): Promise<void> {
    const known = readName(name);
    return this.instance.calls.perform('demand', known, () => this.instance.demands.demand(known));
  }

  /**
   * Ends a job's scheduled runs in the whole fleet. Demands still run. Hiring the job again starts it again.
   *
   * @returns resolves when the job is fired. Rejects if Redis refuses: the job was not fired.
   * @throws TypeError or RangeError immediately for an invalid name
   */
  fire(name: string): Promise<void> {
    const known = readName(name);
    return this.instance.calls.perform('fire', known, () => this.instance.plans.fire(known));
  }

  /**
   * Stops a job's scheduled runs in the whole fleet until it is resumed. The pause survives hires, new plans, `fire`, restarts,
   * and the loss of Redis' data as long as one instance that knew of the pause is running. A run in progress continues, and
   * demands still run. Slots that pass during the pause are neither run later nor reported as skipped. Any instance may
   * pause any job, even before it is hired. A second pause replaces the first.
   *
   * @param options `until`: when the job resumes by itself, default never · `note`: the reason, at most 200 characters
   * @returns resolves when the job is paused. Rejects if Redis refuses: the job was not paused.
   * @throws TypeError or RangeError immediately for an invalid name or option, and for an `until` in the past
   */
  pause(name: string, options: PauseOptions = {}): Promise<void> {
    const known = readName(name);
    const settings = readPauseOptions(options, this.instance.shared.time.wall());
    return this.instance.calls.perform('pause', known, () => this.instance.paused.pause(known, settings));
  }

  /**
   * Ends a pause. The plan continues on its old grid, with the next slot from now. Has no effect on a job that is not paused.
   *
   * @returns resolves when the job is resumed. Rejects if Redis refuses: the job was not resumed.
   * @throws TypeError or RangeError immediately for an invalid name
   */
  resume(name: string): Promise<void> {
    const known = readName(name);
    return this.instance.calls.perform('resume', known, () => this.instance.paused.resume(known));
  }

  /**
   * Makes this instance stop hiring a job. If no other instance hires it, everything that Redis keeps about the job is deleted:
   * its plan, pause, counts and history. A run in progress here continues, and is not recorded. A waiting demand is
   * deleted too, and reported by the event `error`. Hiring the job again creates it anew.
   *
   * @returns true if anything was deleted, false if Redis knew nothing of the job. Rejects with a `BossmanError` of code
   *   `FORGET` if another instance hires the job (the message names its host and process) or if this cannot be determined, and
   *   if Redis refuses. Even then, this instance no longer hires the job.
   * @throws TypeError or RangeError immediately for an invalid name
   */
  forget(name: string): Promise<boolean> {
    const known = readName(name);
    return this.instance.calls.perform('forget', known, () => this.instance.forgetting.forget(known));
  }

  /**
   * Returns all jobs of the fleet, whether hired here or not, sorted by name: their plans, demands, current runs and last runs.
   * Each call reads Redis in small pages, and asks the instances as `fleet` does.
   *
   * @returns rejects if Redis refuses
   */
  jobs(): Promise<JobInfo[]> {
    return this.instance.calls.perform('jobs', null, () => this.instance.overview.jobs());
  }

  /**
   * The instances that answer over pub/sub, this one included. Takes a few milliseconds, or 0.6 s if one does not answer, and
   * on a Cluster. The original never answers, and no instance can while Redis refuses writes: see `hirersKnown` of `jobs()`.
   *
   * @returns rejects if Redis refuses
   */
  fleet(): Promise<InstanceInfo[]> {
    return this.instance.calls.perform('fleet', null, () => this.instance.overview.fleet());
  }

  /**
   * Returns the last runs of a job, newest first. The option `history` sets how many are kept.
   *
   * @param options `last`: how many, default 20
   * @returns rejects if Redis refuses
   * @throws TypeError or RangeError immediately for an invalid name or option
   */
  history(name: string, options: HistoryOptions = {}): Promise<RunRecord[]> {
    const known = readName(name);
    const last = readHistoryOptions(options);
    return this.instance.calls.perform('history', known, () => this.instance.overview.history(known, last));
  }

  /**
   * Returns the next slots of a job of the fleet, whether hired here or not, in ms since the epoch on Redis' clock.
   *
   * @param options `count`: how many, default 5
   * @returns an empty array for a job that is unknown, fired, paused without an end, or has no plan. Rejects if Redis refuses.
   * @throws TypeError or RangeError immediately for an invalid name or option
   */
  next(name: string, options: NextOptions = {}): Promise<number[]> {
    const known = readName(name);
    const count = readNextOptions(options);
    return this.instance.calls.perform('next', known, () => this.instance.overview.next(known, count));
  }

  /**
   * Adds middleware around every run of this instance; the first one added is outermost. `next()` resolves with the inner
   * result. A QA that does not call it vetoes the run. Each run has its own copy of the definition, which may be changed.
   *
   * @throws TypeError immediately if the argument is not a function
   * @see https://github.com/koajs/compose
   */
  qa(middleware: Qa): void {
    if (typeof middleware !== 'function') throw new TypeError(`qa: ${shown(middleware)} is not a function`);
    this.instance.runner.use(middleware);
  }

  /**
   * Starts nothing new, waits for the runs in progress here, and closes both connections, so that the process can exit.
   * Meanwhile the locks of runs with `keepAlive` are renewed. Plans and demands in Redis are not affected. Always resolves,
   * never rejects. Further calls of `quit` join the first; other calls reject.
   *
   * A run that does not end in time is abandoned: its `signal` aborts with a `BossmanError` of code `QUIT`, and it gets
   * another 0.5 s to end. Unless it resolves, it is recorded as `abandoned`, counted as a failure, and reported by the event
   * `lost` with `why: 'quit'` and by `error`. With `recover`, another instance runs it once more. If its work is still running
   * even then, its lock is not released: no other run begins before the lock expires, and the process should exit by then.
   *
   * Redis has 2 s, or `timeout` if that is less, to answer commands that were sent. A quit that is called within `work` or a
   * QA resolves without waiting for that run, and the connections close when it has ended.
   *
   * @param options `timeout`: the longest wait for runs, in ms; Infinity: no limit. `QuitOptions` has the default.
   * @throws TypeError or RangeError immediately for an invalid timeout
   */
  quit(options: QuitOptions = {}): Promise<void> {
    return this.instance.quit(readQuitOptions(options));
  }

  /** Calls `quit` at the end of a block: `await using fred = new Bossman()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.quit();
  }

  /**
   * Called when the promise returned by a listener rejects.
   *
   * @hidden
   */
  override [EventEmitter.captureRejectionSymbol](thrown: Error, ...[event]: unknown[]): void {
    this.instance.reporter.listenerFailed(String(event), thrown);
  }
}

interface Bossman {
  on<E extends keyof BossmanEvents>(event: E, listener: BossmanListener<E>): this;
  once<E extends keyof BossmanEvents>(event: E, listener: BossmanListener<E>): this;
  off<E extends keyof BossmanEvents>(event: E, listener: BossmanListener<E>): this;
  addListener<E extends keyof BossmanEvents>(event: E, listener: BossmanListener<E>): this;
  removeListener<E extends keyof BossmanEvents>(event: E, listener: BossmanListener<E>): this;
  prependListener<E extends keyof BossmanEvents>(event: E, listener: BossmanListener<E>): this;
  prependOnceListener<E extends keyof BossmanEvents>(event: E, listener: BossmanListener<E>): this;
}

// The types of what index.ts adds to the class. The alias avoids a circular name.
import Self = Bossman;
declare namespace Bossman {
  // biome-ignore format: a name a line would be longer than the methods
  export {
    BossmanError, type BossmanErrorCode, type BossmanEvents, type BossmanListener, type BossmanOptions, type Connection,
    type ErrorDetails, type FailEvent, type FinishEvent, type FleetConnection, type HistoryOptions, type InstanceInfo,
    type IoredisClient, type IoredisOptions, type JobDefinition, type JobInfo, type LostEvent, type LostTrace,
    type NextOptions, nextSlots, type PausedInfo, type PauseEvent, type PauseOptions, type PauseTrace,
    type PlanEvent, type Qa, type QuitOptions, type ResumeEvent, type ResumeTrace, type RunContext,
    type RunEvent, type RunOptions, type RunRecord, type RunTrace, Self as Bossman, Self as default,
    type SkipEvent, type SkipTrace, type SlotsOptions, type SlotsPlan, type SteeredEvent, type SteeredTrace,
  };
}

export { Bossman };
