import { BossmanError, causeOf, isError, messageOf } from '../errors';
import type { LostEvent, RunEvent } from '../events';
import type { InstanceInfo } from '../info';
import type { Job } from '../job';
import type { JobDefinition, Qa, RunContext } from '../options';
import { type Ending, errorText, recordText } from '../redis/records';
import { explained } from '../redis/refusals';
import type { SettleReply } from '../redis/replies';
import type { SettleRequest } from '../redis/requests';
import type { Shared } from '../shared';
import { type RunTrace, traced } from '../telling/trace';
import { within } from '../time/timers';
import { compose } from './compose';
import { Abortion, Context } from './context';
import { HeldLock, type Lease } from './held-lock';
import { Inside } from './inside';
import { Sweeps } from './sweeps';

/** A slot or a demand that this instance has won, with the job's lock. The lock's end moves as it is renewed. */
export interface Ticket extends Lease {
  slot: number | null;
  demandedAt: number | null;
  /** The slot was run before, by an instance that died in it. */
  recovered: boolean;
}

/** What becomes of what slots, demands and recoveries have won. */
export interface Handover {
  /** It is run now. */
  won: (job: Job, ticket: Ticket) => void;
  /** It does not begin, as it was fired, abandoned or too late: the lock that the token has is given back. */
  notRun: (job: Job, token: string) => void;
  /** Runs that go on in this instance. */
  busy: () => number;
}

/** ms within which Redis answers, or quit no longer waits for that. */
export const ANSWERS_WITHIN = 2000;
/** ms for which quit waits for a run with `keepAlive`, whose lock is renewed meanwhile. */
const KEPT_FOR = 30_000;
/** ms in which a run whose signal quit has aborted may still end. */
const GRACE = 500;
/** ms; a lock that ends so shortly before quit gives up on its run is lost because of that. */
const AT_ONCE = 20;

/**
 * States: going → over, when the chain has settled. When quit waits no longer: going → given up, which aborts the signal; then
 * over, if the chain settles within the grace, or else abandoned: recorded, although its work may go on.
 */
interface Run {
  readonly job: Job;
  readonly event: RunEvent;
  readonly token: string;
  readonly abortion: Abortion;
  readonly lock: HeldLock;
  readonly keepAlive: boolean;
  /** On the process's monotonic clock, in ms. */
  readonly beganAt: number;
  state: 'going' | 'given up' | 'abandoned' | 'over';
  /** Why its signal was aborted, by quit. */
  reason: BossmanError | null;
  /** Its lock has ended, which is not reported yet: quit is about to give up on it. */
  expired: boolean;
  /** quit was called in it, so it may wait for quit. */
  quits: boolean;
  /** Settles when the chain has. */
  worked: Promise<Ending>;
  /** Settles when Redis knows of that, too. */
  over: Promise<void>;
}

/** The run that the code belongs to which is running now. */
const inside = new Inside<Run>();

/** Runs what was won: lock → run → settle. */
export class Runner {
  /** Around every run, the outermost first. */
  readonly qas: Qa[] = [];
  private readonly runs = new Set<Run>();
  /** When quit was called, on the process's monotonic clock, and how long it may wait; null: it was not. */
  private leaving: { at: number; timeout: number | null } | null = null;
  /** Those that wait for all runs in which quit was not called. */
  private readonly quitters = new Set<() => void>();
  /** The jobs of the runs that were abandoned. */
  private readonly abandoned: string[] = [];
  private readonly sweeps: Sweeps;
  private readonly store: Shared['store'];
  private readonly clock: Shared['clock'];
  private readonly fleet: Shared['fleetSize'];
  private readonly teller: Shared['teller'];
  private readonly origin: Shared['origin'];

  constructor(
    shared: Shared,
    private readonly on: {
      /** A demand of the job waits, and can be taken in so many ms. */
      demandWaits: (job: Job, inMs: number) => void;
      /** The run of a slot has died, or goes on. */
      recoverable: (job: Job) => void;
    },
  ) {
    const { clock, jobs } = shared;
    this.store = shared.store;
    this.clock = shared.clock;
    this.fleet = shared.fleetSize;
    this.teller = shared.teller;
    this.origin = shared.origin;
    this.sweeps = new Sweeps(
      () => clock.monotonic(),
      (name) => jobs.has(name),
    );
  }

  use(qa: Qa): void {
    this.qas.push(qa);
  }

  /** Runs that go on. */
  get busy(): number {
    return this.runs.size;
  }

  /** The same, one by one, for whoever asks what runs. */
  get going(): InstanceInfo['running'] {
    return [...this.runs].map(({ event, lock }) => ({
      job: event.job,
      since: Math.round(event.startedAt),
      slot: event.slot,
      demandedAt: event.demandedAt,
      lockEndsAt: Math.round(lock.endsAt),
    }));
  }

  /**
   * From here on a demand that waits when a run ends is for somebody else.
   *
   * @param timeout the longest wait for runs, in ms; null: the default of `QuitOptions.timeout`
   */
  leave(timeout: number | null): void {
    this.leaving = { at: this.clock.monotonic(), timeout };
  }

  /** Waits for the runs that go on, for as long as quit may wait for them. */
  async wait(): Promise<void> {
    // A run that calls quit at once has no promise yet.
    await null;
    for (let { rest } = this; rest > 0; rest = this.rest)
      await within(rest, Promise.all([...this.runs].map(({ worked }) => worked)));
  }

  /**
   * Aborts the signals of the runs that go on, gives them a short grace, and records those that do not end well in it. What
   * is abandoned while its work goes on keeps its lock, which ends by itself. Never rejects.
   *
   * @param answersMs the longest wait for Redis' answers
   * @returns the jobs of the runs that were abandoned
   */
  async giveUp(answersMs: number): Promise<readonly string[]> {
    const left = [...this.runs];
    for (const run of left) this.abort(run);
    if (left.length > 0) await within(GRACE, Promise.all(left.map(({ worked }) => worked)));
    const abandoned = [...this.runs].map((run) => this.abandon(run));
    const ended = left.filter(({ state }) => state === 'over').map(({ over }) => over);
    if (left.length > 0) await within(answersMs, Promise.all([...abandoned, ...ended]));
    return this.abandoned;
  }

  /**
   * For a quit that is called in a run of ours, which may be waited for in it: settles when no run goes on but those in which
   * quit was called. Null: it is called elsewhere.
   */
  quitInside(): Promise<void> | null {
    const { run } = inside;
    if (!run || !this.runs.has(run)) return null;
    run.quits = true;
    const settled = new Promise<void>((resolve) => this.quitters.add(resolve));
    this.letQuittersGo();
    return settled;
  }

  /** Settles when the run has, and its lock is released. Never rejects. */
  run(job: Job, ticket: Ticket): Promise<void> {
    const { slot, demandedAt, recovered, token } = ticket;
    const startedAt = this.clock.now();
    const lateness = startedAt - (slot ?? demandedAt ?? startedAt);
    const event: RunEvent = { job: job.name, slot, demandedAt, recovered, startedAt, lateness };
    const abortion = new Abortion();
    const run: Run = {
      job,
      event,
      token,
      abortion,
      lock: this.hold(job, ticket, abortion, (why) => this.lockLost(run, why)),
      keepAlive: job.settings.keepAlive,
      beganAt: this.clock.monotonic(),
      state: 'going',
      reason: null,
      expired: false,
      quits: false,
      worked: NOTHING,
      over: NOTHING,
    };
    const context = new Context(job.name, slot, demandedAt, recovered, abortion);
    this.runs.add(run);
    job.running += 1;
    if (this.teller.hears('start')) this.teller.tell('start', event);

    // Work that blocks the process must hold up nothing that was sent before it.
    this.store.flush();
    run.worked = this.origin.call(() => inside.call(run, () => this.perform(job, event, context)));
    // Not before the work: no timer comes up while that keeps the process busy, and setting one takes its time.
    run.lock.watch();
    run.over = run.worked.then((ended) => this.end(run, ended));
    return run.over;
  }

  /** Releases the lock of what was won and is not to be run. Never rejects. */
  async giveBack(job: Job, token: string): Promise<void> {
    await this.settle(job, token, { startedAt: 0, run: '', details: '', failed: false, work: 'over' });
  }

  /** A run that was noted with our token, and holds no lock. One that is over here was noted for nothing: Redis refused its end. */
  async suspected(job: Job, token: string): Promise<void> {
    // Its lock may have ended before it could begin; the slot is then claimed again.
    if (job.wonWith === token) return;
    for (const run of this.runs) if (run.token === token) return;
    await this.giveBack(job, token);
  }

  /** Looks after no lock any more: the connection is about to close. Runs that go on do so by themselves. */
  stop(): void {
    for (const { lock } of this.runs) lock.stop();
  }

  /** A bell says that another instance was given the job's lock at that time: then whoever runs the job here has lost it. */
  lockTaken(job: Job, at: number): void {
    if (job.running === 0) return;
    for (const run of this.runs) if (run.job === job) void run.lock.taken(at);
  }

  /** What looks after the run's lock until it is let go. */
  private hold(
    job: Job,
    ticket: Ticket,
    abortion: Abortion,
    lost: (why: LostEvent['why']) => void,
  ): HeldLock {
    const { name, settings } = job;
    return new HeldLock(ticket, name, settings.ttlMs, settings.keepAlive, this.store, this.clock, {
      lost,
      abort: (why) =>
        abortion.abort(new BossmanError('LOCK_LOST', `a run of '${name}' lost its lock (${why})`, name)),
    });
  }

  /** The QA chain around `work`. Never rejects. */
  private async perform(job: Job, event: RunEvent, context: RunContext): Promise<Ending> {
    const startedAt = this.clock.monotonic();
    let worked = false;
    try {
      const chain = () => {
        const hired = job.definition;
        const definition = copyOf(hired);
        // Read before a QA can replace it: an accessor may give another function each time.
        const given = ownWork(definition);
        const links = this.qas.map((qa) => (next: () => Promise<unknown>) => qa(job.name, definition, next));
        const work = () => {
          worked = true;
          // On the object that was hired: its private members are not in the copy.
          return ownWork(definition) === given ? hired.work(context) : definition.work(context);
        };
        return compose(links, work, (error) => this.teller.trouble(error));
      };
      await traced(
        () => this.traceOf(job, event),
        chain,
        () => !worked,
      );
      return { duration: this.clock.monotonic() - startedAt, vetoed: !worked };
    } catch (cause) {
      return { duration: this.clock.monotonic() - startedAt, cause };
    }
  }

  /** What subscribers of the run's channels are given. */
  private traceOf(job: Job, event: RunEvent): RunTrace {
    const plan = job.known?.schedule ? job.known.text : null;
    return { ...event, instance: this.store.instance, plan };
  }

  /** The chain has settled. */
  private async end(run: Run, ended: Ending): Promise<void> {
    const { job, event } = run;
    job.running -= 1;
    if (run.state === 'abandoned') {
      this.tellEnd(run, ended);
      return;
    }
    run.lock.letGo();
    const hasStopped = run.state === 'given up' && 'cause' in ended;
    this.close(run, 'over');
    // Sent before anybody is told, so that a slow listener does not hold the lock.
    const settled = this.settle(job, run.token, {
      startedAt: event.startedAt,
      run: recordText(event, hasStopped ? { ...ended, abandoned: true } : ended, this.store.who),
      details: errorText(ended, job.settings),
      failed: 'cause' in ended,
      work: hasStopped ? 'stopped' : 'over',
    });
    if (hasStopped) this.tellAbandoned(run);
    else if (run.expired) this.tellLost(run, 'expired');
    this.tellEnd(run, ended);
    await settled;
  }

  /** quit waits no longer: the run should end. */
  private abort(run: Run): void {
    const { name } = run.job;
    const message = `this instance quits, and waits no longer for a run of '${name}'`;
    run.state = 'given up';
    run.reason = new BossmanError('QUIT', message, name);
    run.abortion.abort(run.reason);
  }

  /** The work did not end in its grace either. */
  private async abandon(run: Run): Promise<void> {
    const { job, event } = run;
    if (run.state === 'going') this.abort(run);
    run.lock.stop();
    this.close(run, 'abandoned');
    const duration = this.clock.monotonic() - run.beganAt;
    const settled = this.settle(job, run.token, {
      startedAt: event.startedAt,
      run: recordText(event, { abandoned: true, duration }, this.store.who),
      details: '',
      failed: true,
      work: 'going',
    });
    this.tellAbandoned(run);
    await settled;
  }

  private close(run: Run, state: Run['state']): void {
    run.state = state;
    this.runs.delete(run);
    this.letQuittersGo();
  }

  private letQuittersGo(): void {
    if (this.quitters.size === 0) return;
    for (const { quits } of this.runs) if (!quits) return;
    for (const letGo of this.quitters) letGo();
    this.quitters.clear();
  }

  /** ms that quit may still wait for the runs that go on. */
  private get rest(): number {
    const { leaving } = this;
    if (!leaving) return 0;
    const now = this.clock.monotonic();
    let rest = 0;
    for (const run of this.runs) rest = Math.max(rest, this.patienceWith(run, leaving.timeout));
    return this.runs.size > 0 ? rest - (now - leaving.at) : 0;
  }

  /** ms from the call of quit for which it waits for the run. */
  private patienceWith({ keepAlive, lock, job }: Run, timeout: number | null): number {
    if (timeout !== null) return timeout;
    if (keepAlive) return KEPT_FOR;
    const sinceThen = this.clock.monotonic() - (this.leaving?.at ?? 0);
    return Math.max(Math.min(job.settings.ttlMs, ANSWERS_WITHIN), lock.endsAt - this.clock.now() + sinceThen);
  }

  private lockLost(run: Run, why: LostEvent['why']): void {
    const isGivenUp = run.state !== 'going' || (this.leaving !== null && this.rest <= AT_ONCE);
    if (why === 'expired' && isGivenUp) run.expired = true;
    else this.tellLost(run, why);
  }

  private tellLost({ event }: Run, why: LostEvent['why']): void {
    const { job, slot, demandedAt } = event;
    if (this.teller.hears('lost')) this.teller.tell('lost', { job, slot, demandedAt, why });
  }

  private tellAbandoned(run: Run): void {
    this.abandoned.push(run.job.name);
    this.tellLost(run, 'quit');
  }

  private tellEnd({ event, reason }: Run, ended: Ending): void {
    if (!('cause' in ended)) {
      if (this.teller.hears('finish')) this.teller.tell('finish', { ...event, ...ended });
      return;
    }
    const { job } = event;
    const { cause } = ended;
    if (this.teller.hears('fail')) this.teller.tell('fail', { ...event, ...ended });
    // Of work that stopped because quit told it to, `lost` and quit's own error say so.
    if (reason && (cause === reason || causeOf(cause) === reason)) return;
    const twice = isError(cause) && cause instanceof BossmanError && cause.code === 'NEXT_TWICE';
    const message = `a run of '${job}' failed: ${messageOf(cause)}`;
    this.teller.trouble(new BossmanError(twice ? 'NEXT_TWICE' : 'WORK_FAILED', message, job, cause));
  }

  private async settle(
    job: Job,
    token: string,
    outcome: Pick<SettleRequest, 'startedAt' | 'run' | 'details' | 'failed' | 'work'>,
  ): Promise<void> {
    const { name } = job;
    try {
      const request: SettleRequest = {
        name,
        token,
        ...outcome,
        leaving: this.leaving !== null,
        listeners: this.fleet.count,
        sequence: this.store.nextSequence(),
        history: job.settings.history,
      };
      const { demandIn, recoverable } = await this.settleOrSweep(request);
      this.teller.over('settle');
      if (demandIn >= 0) this.on.demandWaits(job, demandIn);
      if (recoverable) this.on.recoverable(job);
    } catch (cause) {
      const message = `the end of a run of '${name}' could not be noted (${explained(cause)}); its lock ends by itself`;
      this.teller.trouble(new BossmanError('COMMAND', message, name, cause), 'settle');
    }
  }

  private async settleOrSweep(request: SettleRequest): Promise<SettleReply> {
    const names = this.sweeps.next();
    if (names === null) return this.store.settle(request);
    const { old, ...reply } = await this.store.settleAndSweep(request, names);
    this.sweeps.found(old);
    return reply;
  }
}

/** Stands for a promise that is not made yet. */
const NOTHING = new Promise<never>(() => {});

/** A copy for one run, which a QA may change. What it has from a class, it keeps. */
function copyOf(definition: JobDefinition): JobDefinition {
  return Object.assign(Object.create(Object.getPrototypeOf(definition)), definition);
}

/** The `work` that stands in the definition itself; undefined when its class has it. */
function ownWork(definition: JobDefinition): JobDefinition['work'] | undefined {
  return Object.hasOwn(definition, 'work') ? definition.work : undefined;
}
