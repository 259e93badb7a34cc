import type { EventEmitter } from 'node:events';
import { Demands } from './demands/demands';
import type { Bell } from './hints/bell';
import { BellFallback } from './hints/bell-fallback';
import { FleetSize } from './hints/fleet-size';
import { Listener } from './hints/listener';
import { Trust } from './hints/trust';
import { Deaths } from './inspection/deaths';
import { Forgetting } from './inspection/forgetting';
import { Overview } from './inspection/overview';
import { Presence } from './inspection/presence';
import { InspectionStore } from './inspection/reads';
import { RollCall } from './inspection/roll-call';
import { hiredJob, type Job } from './job';
import type { Connection, JobDefinition } from './options';
import { Followers } from './plans/followers';
import { PausedJobs } from './plans/paused-jobs';
import { Plans } from './plans/plans';
import { type Client, hangUp, isCluster } from './redis/connection';
import { openLink } from './redis/link';
import { enableNotifications } from './redis/notifications';
import { retryError } from './redis/refusals';
import type { SettleReply } from './redis/replies';
import { Store } from './redis/store';
import { Places } from './runs/places';
import { waitForRuns } from './runs/quit';
import { Runner } from './runs/runner';
import type { Handover } from './runs/ticket';
import type { InstanceSettings, JobSettings } from './settings';
import type { Part, Shared } from './shared';
import { Recoveries } from './slots/recoveries';
import { Slots } from './slots/slots';
import { Calls } from './telling/calls';
import { tellOutages } from './telling/outages';
import { Reporter } from './telling/reporter';
import { RedisClock } from './time/clock';
import { Origin } from './time/origin';
import { Pauses } from './time/pauses';
import { Retries } from './time/retry';
import { Wake } from './time/wake';

/** The inside of a `Bossman`: creates and connects the parts, routes hints to them, and quits. */
export class Instance {
  readonly reporter: Reporter;
  readonly calls: Calls;
  readonly runner: Runner;
  readonly plans: Plans;
  readonly paused: PausedJobs;
  readonly demands: Demands;
  readonly overview: Overview;
  readonly forgetting: Forgetting;
  readonly listener: Listener;
  readonly jobs = new Map<string, Job>();
  private readonly origin = new Origin();
  readonly shared: Shared;
  private readonly client: Client;
  private readonly subscriber: Client;
  private readonly slots: Slots;
  private readonly recoveries: Recoveries;
  private readonly followers: Followers;
  private readonly presence: Presence;
  private readonly deaths: Deaths;
  private readonly bellFallback: BellFallback;
  readonly parts: readonly Part[];
  private quitting: Promise<void> | null = null;

  /**
   * @param emitter emits the events
   * @throws TypeError or RangeError, naming the option and its value
   */
  constructor(
    emitter: EventEmitter,
    readonly settings: InstanceSettings,
    connection: Connection | undefined,
  ) {
    const { client, subscriber, keys, time } = openLink(connection, settings.prefix, this);
    this.client = client;
    this.subscriber = subscriber;
    const { jobs, origin } = this;
    const clock = new RedisClock(time.monotonic);
    const fleetSize = new FleetSize(time.monotonic, time.isMoved);
    const pauses = new Pauses(time);

    const teller = new Reporter(emitter, () => this.id, origin, time);
    this.reporter = teller;
    this.calls = new Calls(teller, origin, time);
    const store = new Store(client, keys, clock, {
      clockJump: () => {
        for (const part of this.parts) part.clockJumped?.();
      },
      suspects: (name, tokens) => this.deaths.suspected(name, tokens),
    });
    const track: Shared['track'] = (promise) => this.calls.track(promise);
    const trust = new Trust(clock);
    const retries = new Retries(pauses, {
      answered: (verb, job) => teller.over(verb, job),
      refused: (verb, job, cause) => teller.trouble(retryError(verb, job, cause), verb),
    });
    const shared = { jobs, store, clock, time, fleetSize, trust, teller, pauses, retries, origin, track };
    this.shared = shared;

    const places = new Places(settings.concurrency);
    const handover: Handover = {
      won: (job, ticket) => this.settles(job, this.runner.run(job, ticket)),
      hasGivenUp: () => this.runner.gaveUp,
      notRun: (job, token) => this.settles(job, this.runner.giveBack(job, token)),
      busy: () => this.runner.busy,
      places,
    };
    this.runner = new Runner(shared, places);
    this.paused = new PausedJobs(shared, {
      changed: (job, isPaused) => {
        this.slots.pauseChanged(job);
        if (!isPaused) this.recoveries.check(job);
      },
    });
    this.plans = new Plans(shared, this.paused, {
      changed: (job, isAnotherPlan) => this.slots.planChanged(job, isAnotherPlan),
      following: () => this.followers.watch(),
      demandWaits: (job, inMs) => this.demands.waits(job, inMs),
    });
    this.slots = new Slots(shared, this.plans, this.paused, handover);
    this.demands = new Demands(shared, handover);
    this.recoveries = new Recoveries(shared, handover);
    this.followers = new Followers(shared, { unfollowed: (job) => this.plans.armAgain(job) });

    this.presence = new Presence(shared, () => this.runner.going);
    const reads = new InspectionStore(this.client, keys);
    const roll = new RollCall(shared, reads, !isCluster(this.client), this.presence);
    this.deaths = new Deaths(shared, roll, { ...shared, suspected: (...of) => this.onSuspected(...of) });
    this.overview = new Overview(shared, reads, roll, this.deaths);

    const canAsk = () => this.client.status === 'ready';
    this.bellFallback = new BellFallback(pauses, settings.run.ttlMs, {
      canAsk,
      catchUp: () => this.plans.syncAll(),
    });
    this.listener = new Listener(
      this.subscriber,
      { keys, instance: this.id, trust, teller },
      {
        onBell: (bell) => this.onBell(bell),
        onExpired: (name) => this.onExpired(name),
        onSubscribing: () => this.demands.subscribing(),
        onSubscribed: () => this.onSubscribed(),
        onUnheard: (why) => {
          // Runs that begin while the connection is lost are noted as usual, because the process may die meanwhile.
          if (why === 'forbidden') store.isHeardOf = false;
          this.bellFallback.unheard();
        },
      },
    );
    const wake = new Wake(clock, { canAsk, ask: () => store.readClock() }, time);
    const { listener, slots, demands, recoveries, followers, paused } = this;
    this.parts = [listener, slots, demands, recoveries, places, followers, paused, pauses, wake];
    this.forgetting = new Forgetting(shared, this);
    for (const part of this.parts) part.start?.();
    this.watchConnections();
  }

  /** The name of this instance in Redis and in traces. */
  get id(): string {
    return this.shared.store.instance;
  }

  /** Makes the job known here, in place of an earlier hire of its name, and stores its plan. */
  hire(name: string, definition: JobDefinition, settings: JobSettings): Promise<void> {
    return this.calls.begin<void>('hire', name, (waiter) => {
      const job = hiredJob(this.jobs, name, definition, settings, Math.floor(this.shared.clock.monotonic()));
      this.recoveries.check(job);
      this.plans.hire(job, waiter);
    });
  }

  /** @param timeout the longest wait for runs, in ms; null: the default of `QuitOptions.timeout` */
  quit(timeout: number | null): Promise<void> {
    // Called in the caller's context, which shows within which run it is.
    const others = this.runner.quitInside();
    this.quitting ??= this.origin.call(() => this.close(timeout));
    return others ? Promise.race([this.quitting, others]) : this.quitting;
  }

  /** Ends as if the process had died: from here on, nothing is emitted, sent or started. */
  die(): void {
    this.quitting ??= Promise.resolve();
    this.calls.closed = true;
    this.reporter.silence();
    for (const part of this.parts) part.stop?.();
    this.runner.stop();
  }

  private watchConnections(): void {
    const hasQuit = () => this.quitting !== null;
    tellOutages(this.client, 'command', this.reporter, hasQuit);
    tellOutages(this.subscriber, 'subscriber', this.reporter, hasQuit);
    this.client.on('connect', () => this.shared.store.connected());
    this.client.on('ready', () => this.onReady());
    // No event says when a lost node of a Cluster is back, perhaps empty, or when another has taken over its slots.
    this.client.on('-node', () => {
      if (this.client.status === 'ready') this.onReady();
    });
  }

  private onBell(bell: Bell): void {
    // Our own roll call is answered too, because Redis counts this instance among its listeners.
    if (bell.kind === 'who') {
      void this.presence.answer(bell.roll);
      return;
    }
    this.demands.onAnyBell(bell);
    // Our own actions are already known from Redis' answers.
    if (bell.caller === this.id) return;
    if (bell.kind === 'quit') {
      this.followers.onQuit();
      return;
    }
    if (bell.kind === 'hired') {
      for (const name of bell.names) this.onBell({ kind: 'armed', caller: bell.caller, name });
      return;
    }
    if (bell.kind === 'paused') {
      this.paused.ask(bell.name, bell.forgotten);
      return;
    }
    if (bell.kind === 'armed') this.paused.armed(bell.name);
    const job = this.jobs.get(bell.name);
    if (!job) return;
    this.runner.onBell(bell, job);
    for (const part of this.parts) part.onBell?.(bell, job);
  }

  /** Redis has a run with our token but without a lock: the run outlived its lock, or Redis refused its end. */
  private onSuspected(name: string, token: string): void {
    const job = this.jobs.get(name);
    if (job) this.settles(job, this.runner.suspected(job, token));
  }

  /** Acts on what the end of a run reveals. */
  private settles(job: Job, end: Promise<SettleReply>): void {
    const acted = end.then(({ demandIn, recoverable }) => {
      if (demandIn >= 0) this.demands.waits(job, demandIn);
      if (recoverable) this.recoveries.check(job);
    });
    void this.calls.track(acted);
  }

  private onExpired(name: string): void {
    const job = this.jobs.get(name);
    if (job?.settings.schedule) this.slots.onExpired(job);
    // A planned job may itself be called demand:NAME.
    else if (name.startsWith('demand:')) this.demands.onTriggerExpired(name.slice('demand:'.length));
  }

  /** The command client is connected, for the first time or again. */
  private onReady(): void {
    if (!this.settings.disableRedisConfig && !isCluster(this.client)) {
      void enableNotifications(this.client, this.reporter);
    }
    this.plans.restoreAll();
    this.paused.restoreAll();
    this.recoveries.checkAll();
  }

  private onSubscribed(): void {
    const isFirst = this.bellFallback.heard();
    this.shared.store.isHeardOf = true;
    this.demands.subscribed();
    this.shared.store.peers.listeners().then(
      (listeners) => this.shared.fleetSize.heard(listeners),
      // Only a first estimate: every claim updates it.
      () => {},
    );
    // The next claim will reveal a changed plan or a fire, but a waiting demand must be asked for.
    if (isFirst) this.plans.syncDemanded();
    else this.plans.syncAll();
    this.recoveries.checkAll();
  }

  private async close(timeout: number | null): Promise<void> {
    let answersMs = 0;
    try {
      this.calls.closed = true;
      this.runner.leave(timeout);
      for (const part of this.parts) part.stop?.();
      const abandonSlots = () => this.slots.abandon();
      const rest = await waitForRuns(this.runner, this.calls, abandonSlots, this.shared, timeout);
      this.calls.giveUp();
      answersMs = rest();
    } catch {
      // Even reporting a failure has failed. Close the connections nevertheless.
    }
    this.reporter.mute();
    this.runner.stop();
    if (this.client.status === 'ready') this.shared.store.peers.ringQuit().catch(() => {});
    await Promise.allSettled([hangUp(this.client, answersMs), hangUp(this.subscriber, 0)]);
  }
}
