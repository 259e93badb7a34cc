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
import type { LostTrace, PauseTrace, ResumeTrace, RunTrace, SkipTrace } from './telling/trace';

/**
 * A scheduler and a worker in one. Every process of a service makes one and hires its jobs; the fleet of all of them
 * (those that share a Redis database and a prefix) runs each slot of each job once.
 *
 * The methods return promises that may be ignored: what goes wrong is also told by the event `error`, and becomes a
 * process warning when nobody listens to that.
 */
// `@types/node` before 20.11.21 has no generic EventEmitter, so the events are typed here.
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: all members are EventEmitter's, with narrower types
class Bossman extends EventEmitter {
  private readonly instance: Instance;

  /**
   * Connects at once, and goes on trying for as long as Redis is away.
   *
   * @throws TypeError or RangeError, naming the option and its value
   */
  constructor(options: BossmanOptions = {}) {
    super({ captureRejections: true });
    refuseAsOptions(options);
    this.instance = new Instance(this, readOptions(options), options.connection);
  }

  /** What this instance is called in Redis, and in traces: 16 hex digits. */
  get id(): string {
    return this.instance.id;
  }

  /** The option `prefix`, or its default. */
  get prefix(): string {
    return this.instance.settings.prefix;
  }

  /** The option `ttl` in ms, or its default. A job may have another. */
  get ttl(): number {
    return this.instance.settings.run.ttlMs;
  }

  /** The option `tz`; undefined: cron patterns are read in the process's zone. A job may have another. */
  get tz(): string | undefined {
    return this.instance.settings.run.tz ?? undefined;
  }

  /** The middleware that `qa` added, the outermost first. It is the list itself, not a copy. */
  get qas(): Qa[] {
    return this.instance.runner.qas;
  }

  /**
   * Registers a job and its work, and starts its plan in the whole fleet: the first run comes one interval after the
   * first hire. A plan that is already going keeps its slots, so hiring at every start of every process is how it is
   * meant. Hiring a name again replaces its definition; another plan than the fleet's replaces that one. Hiring starts a
   * fired job again.
   *
   * @param definition without `every` and `cron` the job is run on demand only
   * @returns settles when the plan is stored. Rejects with Redis' refusal, and goes on trying nevertheless.
   * @throws TypeError or RangeError at once for what cannot be understood, naming the argument and its value
   */
  hire(name: string, definition: JobDefinition): Promise<void> {
    const known = readName(name);
    const { prefix, run } = this.instance.settings;
    return this.instance.hire(known, definition, readDefinition(definition, run, { prefix, name: known }));
  }

  /**
   * Runs a job as soon as possible, once, on any one instance that hired it; the plan is not touched. A demand is kept
   * until it is run, also when nobody is there or the job is running now. Demands made before one is taken are one run.
   *
   * @returns settles when the demand is noted, or runs here. Rejects with Redis' refusal: then it was not made.
   * @throws TypeError or RangeError at once for a bad name
   */
  demand(name: string): Promise<void> {
    const known = readName(name);
    return this.instance.calls.perform('demand', known, () => this.instance.demands.demand(known));
  }

  /**
   * Ends a job's scheduled runs in the whole fleet. Demands still run; hiring the job again starts it again.
   *
   * @returns settles when it is fired. Rejects with Redis' refusal: then it was not.
   * @throws TypeError or RangeError at once for a bad name
   */
  fire(name: string): Promise<void> {
    const known = readName(name);
    return this.instance.calls.perform('fire', known, () => this.instance.plans.fire(known));
  }

  /**
   * Keeps a job's scheduled runs from starting, in the whole fleet, until it is resumed: through hires, other plans, `fire`,
   * restarts, and an emptied Redis while one instance that knew of the pause lives. A run that goes on is not disturbed, and
   * demands still run. Slots that pass meanwhile are not run later, nor reported as skipped. Any instance may pause any job,
   * also before it is hired. A second pause replaces the first.
   *
   * @param options `until`: when the job resumes by itself, default never · `note`: why, at most 200 characters
   * @returns settles when the job is paused. Rejects with Redis' refusal: then it was not.
   * @throws TypeError or RangeError at once for a bad name or option, and for an `until` that has passed
   */
  pause(name: string, options: PauseOptions = {}): Promise<void> {
    const known = readName(name);
    const settings = readPauseOptions(options, this.instance.now());
    return this.instance.calls.perform('pause', known, () => this.instance.paused.pause(known, settings));
  }

  /**
   * Ends a pause: the plan goes on along its old grid, with the first slot from now on. Has no effect on a job that is not
   * paused.
   *
   * @returns settles when the job is resumed. Rejects with Redis' refusal: then it was not.
   * @throws TypeError or RangeError at once for a bad name
   */
  resume(name: string): Promise<void> {
    const known = readName(name);
    return this.instance.calls.perform('resume', known, () => this.instance.paused.resume(known));
  }

  /**
   * Lets go of a job: this instance no longer hires it. If no other does, all that Redis keeps of it is deleted: plan, pause,
   * counts and history. A run that goes on here is not disturbed, and leaves no record. A demand that waited is deleted too,
   * and reported by the event `error`. Hiring the job again makes it new.
   *
   * @returns true when anything was deleted, false when Redis knew nothing of the job. Rejects with a `BossmanError` of code
   *   `FORGET` when another instance hires it, naming host and process, or when it is not known whether one does; and with
   *   Redis' refusal. This instance has let go of the job nevertheless.
   * @throws TypeError or RangeError at once for a bad name
   */
  forget(name: string): Promise<boolean> {
    const known = readName(name);
    return this.instance.calls.perform('forget', known, () => this.instance.forgetting.forget(known));
  }

  /**
   * All jobs of the fleet, hired here or not, by name: what is planned, waits, runs, and ran last. It is read when it is
   * asked for, in small pages, and the instances are asked as `fleet` does.
   *
   * @returns rejects with Redis' refusal
   */
  jobs(): Promise<JobInfo[]> {
    return this.instance.calls.perform('jobs', null, () => this.instance.overview.jobs());
  }

  /**
   * The instances of the fleet, this one among them: they are asked over the bell, and those are told that answer. It
   * takes some milliseconds, and 0.6 s when one does not answer, as well as on a Cluster. Instances of the original do not.
   * Nor can others while Redis refuses writes, as when it is out of memory: see `hirersKnown` of `jobs()`.
   *
   * @returns rejects with Redis' refusal
   */
  fleet(): Promise<InstanceInfo[]> {
    return this.instance.calls.perform('fleet', null, () => this.instance.overview.fleet());
  }

  /**
   * The last runs of a job, the newest first; as many as are kept, see the option `history`.
   *
   * @returns rejects with Redis' refusal
   * @throws TypeError or RangeError at once for a bad name or option
   */
  history(name: string, options: HistoryOptions = {}): Promise<RunRecord[]> {
    const known = readName(name);
    const last = readHistoryOptions(options);
    return this.instance.calls.perform('history', known, () => this.instance.overview.history(known, last));
  }

  /**
   * The coming slots of a job of the fleet, hired here or not, in ms since the epoch on Redis' clock.
   *
   * @param options `count`: how many, default 5
   * @returns an empty array for a job that is unknown, fired, or without a plan. Rejects with Redis' refusal.
   * @throws TypeError or RangeError at once for a bad name or option
   */
  next(name: string, options: NextOptions = {}): Promise<number[]> {
    const known = readName(name);
    const count = readNextOptions(options);
    return this.instance.calls.perform('next', known, () => this.instance.overview.next(known, count));
  }

  /**
   * Adds middleware around every run of this instance, the first added outermost. `next()` resolves with what lies
   * inside; a QA that does not call it vetoes the run. The definition is a copy for this run alone, so it may be changed.
   *
   * @throws TypeError at once for what is not a function
   * @see https://github.com/koajs/compose
   */
  qa(middleware: Qa): void {
    if (typeof middleware !== 'function') throw new TypeError(`qa: ${shown(middleware)} is not a function`);
    this.instance.runner.use(middleware);
  }

  /**
   * Takes nothing new, waits for the runs that go on here, and closes both connections, so that the process can exit. The
   * locks of runs with `keepAlive` are renewed meanwhile. Nothing is cancelled in Redis. Always settles, and never rejects;
   * called again, it is the same quit. Other calls after it reject.
   *
   * A run that does not end in time is given up: its `signal` aborts, with a `BossmanError` of code `QUIT`; it has another
   * 0.5 s to end; and unless it resolves, it is recorded as `abandoned`, counted as a failure, and reported by the event
   * `lost`, why `quit`, and by `error`. With `recover` another instance runs it once more. If its work has not even ended, its
   * lock is left to end by itself: no other run begins before that, and the process should exit by then.
   *
   * Redis has 2 s to answer what is on its way, or `timeout` if that is less. A quit that is called in `work`, or in a QA,
   * settles without that run; the connections close when it has ended.
   *
   * @param options `timeout`: the longest wait for runs, in ms. Default: for a run with `keepAlive` 30 s, for any other until
   *   its lock would end, and at least 2 s or its `ttl`, whichever is less. Infinity: for as long as they take.
   * @throws TypeError or RangeError at once for a bad timeout
   */
  quit(options: QuitOptions = {}): Promise<void> {
    return this.instance.quit(readQuitOptions(options));
  }

  /** Quits at the end of a block: `await using fred = new Bossman()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.quit();
  }

  /**
   * A listener that returns a promise failed.
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

// The types of what index.ts hangs on the class; see there. The alias avoids a circular name.
import Self = Bossman;
declare namespace Bossman {
  // biome-ignore format: a name a line would be longer than the methods
  export {
    BossmanError, type BossmanErrorCode, type BossmanEvents, type BossmanOptions, type Connection,
    type ErrorDetails, type FailEvent, type FinishEvent, type HistoryOptions, type InstanceInfo,
    type IoredisClient, type IoredisOptions, type JobDefinition, type JobInfo, type LostEvent, type LostTrace,
    type NextOptions, nextSlots, type PausedInfo, type PauseEvent, type PauseOptions, type PauseTrace,
    type PlanEvent, type Qa, type QuitOptions, type ResumeEvent, type ResumeTrace, type RunContext,
    type RunEvent, type RunOptions, type RunRecord, type RunTrace, Self as Bossman, Self as default,
    type SkipEvent, type SkipTrace, type SlotsOptions, type SlotsPlan, type SteeredEvent,
  };
}

export { Bossman };
