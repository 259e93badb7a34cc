import { EventEmitter } from 'node:events';
import { Calls, tally } from './calls';
import { Demands } from './demands/demands';
import { BossmanError, type BossmanErrorCode, messageOf, shown } from './errors';
import type {
  BossmanEvents,
  BossmanListener,
  FailEvent,
  FinishEvent,
  LostEvent,
  PlanEvent,
  RunEvent,
  SkipEvent,
} from './events';
import type { Bell } from './hints/bell';
import { BellFallback } from './hints/bell-fallback';
import { Fleet } from './hints/fleet-size';
import { Listener } from './hints/listener';
import { Trust } from './hints/trust';
import type { ErrorDetails, HistoryOptions, InstanceInfo, JobInfo, NextOptions, RunRecord } from './info';
import { Deaths } from './inspection/deaths';
import { Overview } from './inspection/overview';
import { Presence } from './inspection/presence';
import { InspectionStore } from './inspection/reads';
import { RollCall } from './inspection/roll-call';
import { Job } from './job';
import type {
  BossmanOptions,
  Connection,
  IoredisClient,
  IoredisOptions,
  JobDefinition,
  Qa,
  QuitOptions,
  RunContext,
  RunOptions,
} from './options';
import { Followers } from './plans/followers';
import { Plans } from './plans/plans';
import { type Client, checkPrefix, connect, hangUp, isCluster, spaceOf } from './redis/connection';
import { Keys } from './redis/keys';
import { enableNotifications } from './redis/notifications';
import { Store } from './redis/store';
import { ANSWERS_WITHIN, Runner, type Ticket } from './runs/runner';
import { nextSlots, type SlotsOptions, type SlotsPlan } from './schedule/next-slots';
import {
  type InstanceSettings,
  type JobSettings,
  readDefinition,
  readHistoryOptions,
  readName,
  readNextOptions,
  readOptions,
  readQuitOptions,
} from './settings';
import { Recoveries } from './slots/recoveries';
import { Slots } from './slots/slots';
import { tellOutages } from './telling/outages';
import { Reporter } from './telling/reporter';
import type { LostTrace, RunTrace, SkipTrace } from './telling/trace';
import { RedisClock } from './time/clock';
import { Pauses } from './time/pauses';
import { Wake } from './time/wake';

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
  private readonly settings: InstanceSettings;
  private readonly client: Client;
  private readonly subscriber: Client;
  private readonly hired = new Map<string, Job>();
  private readonly clock = new RedisClock();
  private readonly fleetSize = new Fleet(() => this.clock.monotonic());
  private readonly pauses = new Pauses();
  private readonly reporter: Reporter;
  private readonly store: Store;
  private readonly listener: Listener;
  private readonly bellFallback: BellFallback;
  private readonly runner: Runner;
  private readonly plans: Plans;
  private readonly slots: Slots;
  private readonly demands: Demands;
  private readonly recoveries: Recoveries;
  private readonly followers: Followers;
  private readonly presence: Presence;
  private readonly deaths: Deaths;
  private readonly overview: Overview;
  private readonly calls: Calls;
  private readonly wake: Wake;
  private quitting: Promise<void> | null = null;

  /**
   * Connects at once, and goes on trying for as long as Redis is away.
   *
   * @throws TypeError or RangeError, naming the option and its value
   */
  constructor(options: BossmanOptions = {}) {
    super({ captureRejections: true });
    this.settings = readOptions(options);
    checkPrefix(this.settings.prefix, options.connection);
    this.client = connect(options.connection, 'commands');
    this.subscriber = connect(options.connection, 'subscriber');
    const { db, keyPrefix } = spaceOf(this.client);
    const keys = new Keys(this.settings.prefix, keyPrefix, db);

    const { hired: jobs, fleetSize: fleet, clock, pauses } = this;
    const trust = new Trust(clock);
    const reporter = new Reporter(this, () => this.id);
    this.reporter = reporter;
    const calls = new Calls(reporter);
    this.calls = calls;
    const track = <T>(promise: Promise<T>) => calls.track(promise);
    const run = (job: Job, ticket: Ticket) => void track(this.runner.run(job, ticket));
    const demandWaits = (job: Job, inMs: number) => this.demands.waits(job, inMs);
    const notRun = (job: Job, token: string) => void track(this.runner.giveBack(job, token));
    this.store = new Store(this.client, keys, clock, {
      clockJump: () => {
        this.slots.realign();
        this.demands.realign();
        this.recoveries.realign();
      },
      suspects: (name, tokens) => this.deaths.suspected(name, tokens),
    });
    this.runner = new Runner(this.store, clock, fleet, reporter, {
      demandWaits,
      recoverable: (job) => this.recoveries.look(job),
      isHired: (name) => jobs.has(name),
    });
    this.plans = new Plans(jobs, this.store, clock, reporter, pauses, {
      changed: (job) => this.slots.align(job),
      following: () => this.followers.watch(),
      demandWaits,
    });
    this.slots = new Slots(jobs, this.plans, this.store, clock, fleet, trust, reporter, pauses, {
      won: run,
      notRun,
      busy: () => this.runner.busy,
      track,
    });
    this.demands = new Demands(jobs, this.store, clock, fleet, trust, reporter, pauses, {
      taken: run,
      notRun,
      track,
    });
    this.recoveries = new Recoveries(jobs, this.store, clock, fleet, trust, reporter, pauses, {
      recovered: run,
      notRun,
      track,
    });
    this.followers = new Followers(jobs, this.store, fleet, pauses, (job) => this.plans.armAgain(job));
    this.presence = new Presence(jobs, this.store, clock, () => this.runner.going);
    const reads = new InspectionStore(this.client, keys);
    const roll = new RollCall(this.store, reads, pauses, !isCluster(this.client), this.presence);
    this.deaths = new Deaths(
      this.store,
      pauses,
      () => clock.monotonic(),
      {
        rollCall: () => roll.answering(),
        died: (name, { slot, demandedAt }) => {
          if (reporter.hears('lost')) reporter.tell('lost', { job: name, slot, demandedAt, why: 'died' });
        },
        trouble: (error) => reporter.trouble(error, 'died'),
        track,
      },
      { suspected: (name, token) => this.onSuspected(name, token) },
    );
    this.overview = new Overview(this.store, reads, clock, roll, this.deaths);
    this.bellFallback = new BellFallback(pauses, this.settings.run.ttlMs, {
      canAsk: () => this.client.status === 'ready',
      look: () => this.plans.lookAll(),
    });
    this.listener = new Listener(this.subscriber, keys, this.id, trust, reporter, {
      onBell: (bell) => this.onBell(bell),
      onExpired: (name) => this.onExpired(name),
      onSubscribing: () => this.demands.subscribing(),
      onSubscribed: () => this.onSubscribed(),
      onUnheard: () => {
        this.store.isHeardOf = false;
        this.bellFallback.unheard();
      },
    });

    this.wake = new Wake(clock, {
      canAsk: () => this.client.status === 'ready',
      ask: () => this.store.readClock(),
    });

    const hasQuit = () => this.quitting !== null;
    tellOutages(this.client, 'command', reporter, hasQuit);
    tellOutages(this.subscriber, 'subscriber', reporter, hasQuit);
    this.client.on('connect', () => this.store.connected());
    this.client.on('ready', () => this.onReady());
    // Nothing says when a Cluster's node that went away is back, perhaps empty, or when another has taken over its slots.
    this.client.on('-node', () => {
      if (this.client.status === 'ready') this.onReady();
    });
  }

  /** What this instance is called in Redis, and in traces: 16 hex digits. */
  get id(): string {
    return this.store.instance;
  }

  /** The option `prefix`, or its default. */
  get prefix(): string {
    return this.settings.prefix;
  }

  /** The option `ttl` in ms, or its default. A job may have another. */
  get ttl(): number {
    return this.settings.run.ttlMs;
  }

  /** The option `tz`; undefined: cron patterns are read in the process's zone. A job may have another. */
  get tz(): string | undefined {
    return this.settings.run.tz ?? undefined;
  }

  /** The middleware that `qa` added, the outermost first. It is the list itself, not a copy. */
  get qas(): Qa[] {
    return this.runner.qas;
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
    const settings = readDefinition(definition, this.settings.run, {
      prefix: this.settings.prefix,
      name: known,
    });
    return this.calls.begin<void>('hire', known, (waiter) => {
      const job = this.register(known, definition, settings);
      this.recoveries.look(job);
      this.plans.hire(job, waiter);
    });
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
    return this.calls.perform('demand', known, () => this.demands.demand(known));
  }

  /**
   * Ends a job's scheduled runs in the whole fleet. Demands still run; hiring the job again starts it again.
   *
   * @returns settles when it is fired. Rejects with Redis' refusal: then it was not.
   * @throws TypeError or RangeError at once for a bad name
   */
  fire(name: string): Promise<void> {
    const known = readName(name);
    return this.calls.perform('fire', known, () => this.plans.fire(known));
  }

  /**
   * All jobs of the fleet, hired here or not, by name: what is planned, waits, runs, and ran last. It is read when it is
   * asked for, in small pages, and the instances are asked as `fleet` does.
   *
   * @returns rejects with Redis' refusal
   */
  jobs(): Promise<JobInfo[]> {
    return this.calls.perform('jobs', null, () => this.overview.jobs());
  }

  /**
   * The instances of the fleet, this one among them: they are asked over the bell, and those are told that answer. It
   * takes some milliseconds, and 0.6 s when one does not answer, as well as on a Cluster. Instances of the original do not.
   * Nor can others while Redis refuses writes, as when it is out of memory: see `hirersKnown` of `jobs()`.
   *
   * @returns rejects with Redis' refusal
   */
  fleet(): Promise<InstanceInfo[]> {
    return this.calls.perform('fleet', null, () => this.overview.fleet());
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
    return this.calls.perform('history', known, () => this.overview.history(known, last));
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
    return this.calls.perform('next', known, () => this.overview.next(known, count));
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
    this.runner.use(middleware);
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
    const timeout = readQuitOptions(options);
    this.quitting ??= this.close(timeout);
    const others = this.runner.quitInside();
    return others ? Promise.race([this.quitting, others]) : this.quitting;
  }

  /**
   * A listener that returns a promise failed.
   *
   * @hidden
   */
  override [EventEmitter.captureRejectionSymbol](thrown: Error, ...[event]: unknown[]): void {
    this.reporter.listenerFailed(String(event), thrown);
  }

  private register(name: string, definition: JobDefinition, settings: JobSettings): Job {
    const hiredAt = Math.floor(this.clock.monotonic());
    const known = this.hired.get(name);
    if (known) return Object.assign(known, { definition, settings, hiredAt });
    const job = new Job(name, definition, settings, hiredAt);
    this.hired.set(name, job);
    return job;
  }

  private onBell(bell: Bell): void {
    // Our own roll call is answered as well: Redis counts us among those that heard it.
    if (bell.kind === 'who') {
      void this.presence.answer(bell.roll);
      return;
    }
    this.demands.onAnyBell(bell);
    // What we did ourselves we know from its answer, and sooner.
    if (bell.caller === this.store.instance) return;
    if (bell.kind === 'quit') {
      this.followers.onQuit();
      return;
    }
    if (bell.kind === 'hired') {
      for (const name of bell.names) this.onBell({ kind: 'armed', caller: bell.caller, name });
      return;
    }
    const job = this.hired.get(bell.name);
    if (!job) return;
    if (
      (bell.kind === 'claim' && bell.verdict === 'run') ||
      bell.kind === 'taken' ||
      bell.kind === 'recovered'
    ) {
      this.runner.lockTaken(job, bell.at);
    }
    this.slots.onBell(bell, job);
    this.demands.onBell(bell, job);
    this.recoveries.onBell(bell, job);
    this.followers.onBell(bell, job);
  }

  /** Our own token stands for a run without a lock: it has outlived it, or Redis refused its end. */
  private onSuspected(name: string, token: string): void {
    const job = this.hired.get(name);
    if (job) void this.calls.track(this.runner.suspected(job, token));
  }

  private onExpired(name: string): void {
    const job = this.hired.get(name);
    if (job?.settings.schedule) this.slots.onExpired(job);
    // A planned job may itself be called demand:NAME.
    else if (name.startsWith('demand:')) this.demands.onTriggerExpired(name.slice('demand:'.length));
  }

  /** The command client is connected, for the first time or again. */
  private onReady(): void {
    if (!this.settings.disableRedisConfig && !isCluster(this.client)) {
      enableNotifications(this.client).then(
        () => this.reporter.over('notifications'),
        (cause) => {
          const message = `may not use CONFIG (${messageOf(cause)}); set disableRedisConfig, and notify-keyspace-events Ex in Redis if instances of the original share it`;
          this.reporter.trouble(new BossmanError('NOTIFICATIONS', message, null, cause), 'notifications');
        },
      );
    }
    this.plans.restoreAll();
    this.recoveries.lookAll();
  }

  private onSubscribed(): void {
    const isFirst = this.bellFallback.heard();
    this.store.isHeardOf = true;
    this.demands.subscribed();
    this.store.listeners().then(
      (listeners) => this.fleetSize.heard(listeners),
      // Only a first guess: every claim tells it again.
      () => {},
    );
    // Another's plan, or a fire, is met at the next slot; a demand waits for whoever looks.
    if (isFirst) this.plans.lookForDemands();
    else this.plans.lookAll();
    this.recoveries.lookAll();
  }

  private async close(timeout: number | null): Promise<void> {
    let answersMs = 0;
    try {
      this.stopAll(timeout);
      answersMs = await this.waitForAll(timeout);
    } catch {
      // Even the report of a failure has failed. The connections close all the same.
    }
    this.reporter.mute();
    this.runner.stop();
    if (this.client.status === 'ready') this.store.ringQuit().catch(() => {});
    await Promise.allSettled([hangUp(this.client, answersMs), hangUp(this.subscriber, 0)]);
  }

  /** Nothing new begins from here on. */
  private stopAll(timeout: number | null): void {
    this.calls.closed = true;
    this.runner.leave(timeout);
    this.listener.stop();
    this.slots.stop();
    this.demands.stop();
    this.recoveries.stop();
    this.followers.stop();
    this.pauses.stop();
    this.wake.stop();
  }

  /** @returns ms that Redis has to answer what is still to be sent */
  private async waitForAll(timeout: number | null): Promise<number> {
    const patience = Math.min(ANSWERS_WITHIN, timeout ?? ANSWERS_WITHIN);
    let answersBy = 0;
    const rest = () => answersBy - this.clock.monotonic();
    // A claim on its way may still begin a run, so each wait may lead to the other.
    do {
      await this.runner.wait();
      if (this.runner.busy > 0) break;
      answersBy = this.clock.monotonic() + patience;
      await this.calls.drain(rest);
    } while (this.runner.busy > 0);
    const abandoned = await this.runner.giveUp(ANSWERS_WITHIN);
    if (abandoned.length > 0) {
      answersBy = this.clock.monotonic() + ANSWERS_WITHIN;
      const message = `quit gave up on runs that had not ended: ${tally(abandoned.map((job) => `'${job}'`))}`;
      this.reporter.trouble(new BossmanError('QUIT', message));
    }
    this.calls.giveUp();
    await this.slots.abandon();
    return rest();
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
  export {
    BossmanError,
    type BossmanErrorCode,
    type BossmanEvents,
    type BossmanOptions,
    type Connection,
    type ErrorDetails,
    type FailEvent,
    type FinishEvent,
    type HistoryOptions,
    type InstanceInfo,
    type IoredisClient,
    type IoredisOptions,
    type JobDefinition,
    type JobInfo,
    type LostEvent,
    type LostTrace,
    type NextOptions,
    nextSlots,
    type PlanEvent,
    type Qa,
    type QuitOptions,
    type RunContext,
    type RunEvent,
    type RunOptions,
    type RunRecord,
    type RunTrace,
    Self as Bossman,
    Self as default,
    type SkipEvent,
    type SkipTrace,
    type SlotsOptions,
    type SlotsPlan,
  };
}

export { Bossman };
