import { BossmanError } from '../errors';
import type { LostEvent } from '../events';
import type { Bell } from '../hints/bell';
import type { InstanceInfo } from '../info';
import type { Job } from '../job';
import type { Qa } from '../options';
import { type Ending, errorText, recordText } from '../redis/records';
import type { SettleReply } from '../redis/replies';
import type { Shared } from '../shared';
import { perform } from './chain';
import { Departure } from './departure';
import { tellEnd, tellLost } from './endings';
import { HeldLock } from './held-lock';
import { inside } from './inside';
import type { Places } from './places';
import { Run } from './run';
import { NOT_RUN, NOTHING_REVEALED, type Outcome, Settling } from './settling';
import type { Ticket } from './ticket';

/** ms that a run has to end after quit has aborted its signal. */
const GRACE = 500;

/** Runs slots and demands that were won: lock → run → settle. Returns what settling reveals; see `Settling.settle`. */
export class Runner {
  /** The middleware around every run, outermost first. */
  readonly qas: Qa[] = [];
  private readonly runs = new Set<Run>();
  /** Quit has given up on the remaining runs: no run may begin. */
  gaveUp = false;
  /** The jobs of the runs that were abandoned. */
  private readonly abandoned: string[] = [];
  private readonly departure: Departure;
  private readonly settling: Settling;

  constructor(
    private readonly shared: Shared,
    private readonly places: Places,
  ) {
    this.departure = new Departure(this.runs, shared.clock);
    this.settling = new Settling(shared, () => this.departure.hasBegun);
  }

  use(qa: Qa): void {
    this.qas.push(qa);
  }

  /** How many runs are in progress. */
  get busy(): number {
    return this.runs.size;
  }

  /** The runs in progress, for the answer to a roll call. */
  get going(): InstanceInfo['running'] {
    return [...this.runs].map(({ event, lock }) => ({
      job: event.job,
      since: Math.round(event.startedAt),
      slot: event.slot,
      demandedAt: event.demandedAt,
      lockEndsAt: Math.round(lock.endsAt),
    }));
  }

  /** Settles when the run has, and its lock is released. Never rejects. */
  run(job: Job, ticket: Ticket): Promise<SettleReply> {
    const run = this.begin(job, ticket);
    // Work that blocks the process must not delay commands that were sent before it.
    this.shared.store.flush();
    const worked = this.work(run);
    // After the work was called: setting a timer takes time, and none can fire while the work blocks the process.
    run.lock.watch();
    run.worked = worked;
    run.over = worked.then((ended) => this.end(run, ended));
    return run.over;
  }

  /** Releases the lock of a slot or demand that was won but will not run. Never rejects. */
  giveBack(job: Job, token: string): Promise<SettleReply> {
    return this.settling.settle(job, token, NOT_RUN);
  }

  /** Redis recorded a run with our token that holds no lock. If it has ended here, Redis refused its end: settles it now. */
  async suspected(job: Job, token: string): Promise<SettleReply> {
    // Its lock may have ended before it could begin; the slot is then claimed, or recovered, again.
    if (job.wonWith === token || job.recovering?.includes(token)) return NOTHING_REVEALED;
    for (const run of this.runs) if (run.token === token) return NOTHING_REVEALED;
    return this.giveBack(job, token);
  }

  /** A bell may say that another instance got the job's lock: then the runs of the job here have lost it. */
  onBell(bell: Bell, job: Job): void {
    const isTaken =
      (bell.kind === 'claim' && bell.verdict === 'run') || bell.kind === 'taken' || bell.kind === 'recovered';
    if (job.running === 0 || !isTaken) return;
    for (const run of this.runs) if (run.job === job) void run.lock.taken(bell.at);
  }

  /**
   * Sets whether the ends of the job's runs are recorded, including runs of an earlier job of the same name.
   */
  record(name: string, job: Job | undefined, isWanted: boolean): void {
    if (job) job.isForgotten = !isWanted;
    for (const run of this.runs) if (run.job.name === name) run.job.isForgotten = !isWanted;
  }

  /**
   * From now on, a demand that waits when a run ends is left to other instances.
   *
   * @param timeout the longest wait for runs, in ms; null: the default of `QuitOptions.timeout`
   */
  leave(timeout: number | null): void {
    this.departure.begin(timeout);
  }

  /**
   * For a quit that is called within a run of this instance, which may await it: resolves when only runs are left within which
   * quit was called. Null if quit is called elsewhere.
   */
  quitInside(): Promise<void> | null {
    const { run } = inside;
    return run && this.runs.has(run) ? this.departure.calledIn(run) : null;
  }

  /** Waits for the current runs, as long as quit may wait for them. */
  async wait(): Promise<void> {
    // A run that calls quit at once has no promise yet.
    await null;
    for (let { rest } = this.departure; rest > 0; rest = this.departure.rest)
      await this.shared.time.within(rest, Promise.all([...this.runs].map(({ worked }) => worked)));
  }

  /**
   * Aborts the signals of the remaining runs, gives them a short grace period, and records those that do not resolve in it. A
   * run whose work still continues keeps its lock, which expires. Never rejects.
   *
   * @param answersMs the longest wait for Redis' answers
   * @returns the jobs of the runs that were abandoned
   */
  async giveUp(answersMs: number): Promise<readonly string[]> {
    const left = [...this.runs];
    for (const run of left) run.giveUp();
    const { time } = this.shared;
    if (left.length > 0) await time.within(GRACE, Promise.all(left.map(({ worked }) => worked)));
    this.gaveUp = true;
    const abandoned = [...this.runs].map((run) => this.abandon(run));
    const ended = left.filter(({ state }) => state === 'over').map(({ over }) => over);
    if (left.length > 0) await time.within(answersMs, Promise.all([...abandoned, ...ended]));
    return this.abandoned;
  }

  /** Stops watching the locks, because the connection is about to close. Remaining runs continue without them. */
  stop(): void {
    for (const { lock } of this.runs) lock.stop();
  }

  private begin(job: Job, ticket: Ticket): Run {
    const { clock, teller } = this.shared;
    const hold = (run: Run) => this.hold(run, ticket);
    const run = new Run(job, ticket, clock.now(), clock.monotonic(), hold);
    this.runs.add(run);
    this.places.enter();
    job.running += 1;
    if (teller.hears('start')) teller.tell('start', run.event);
    return run;
  }

  /** Watches the run's lock until it is released. */
  private hold(run: Run, ticket: Ticket): HeldLock {
    const { name, settings } = run.job;
    return new HeldLock(ticket, name, settings.ttlMs, settings.keepAlive, this.shared, {
      lost: (why) => this.lockLost(run, why),
      abort: (why) =>
        run.abortion.abort(new BossmanError('LOCK_LOST', `a run of '${name}' lost its lock (${why})`, name)),
    });
  }

  /** In the origin's context first, so that the run is known in all that the chain calls. */
  private work(run: Run): Promise<Ending> {
    const { origin, time } = this.shared;
    const chain = () => perform(run, this.qas, this.shared);
    return origin.call(() => inside.call(run, () => time.work(run, chain)));
  }

  /** The chain has settled. */
  private end(run: Run, ended: Ending): SettleReply | Promise<SettleReply> {
    const { job, event } = run;
    const { store, teller } = this.shared;
    job.running -= 1;
    if (run.state === 'abandoned') {
      this.places.leave();
      tellEnd(teller, run, ended);
      return NOTHING_REVEALED;
    }
    run.lock.letGo();
    const hasStopped = run.state === 'given up' && 'cause' in ended;
    this.close(run, 'over');
    // Sent before any listener is called, so that a slow one does not keep the lock.
    const settled = this.settle(run, {
      startedAt: event.startedAt,
      run: recordText(event, hasStopped ? { ...ended, abandoned: true } : ended, store.who),
      details: errorText(ended, job.settings),
      failed: 'cause' in ended,
      work: hasStopped ? 'stopped' : 'over',
    });
    this.places.leave();
    if (hasStopped) this.tellAbandoned(run);
    else if (run.expired) tellLost(teller, run, 'expired');
    tellEnd(teller, run, ended);
    return settled;
  }

  /** The work did not end within the grace period. */
  private async abandon(run: Run): Promise<void> {
    const { event } = run;
    const { store, clock } = this.shared;
    if (run.state === 'going') run.giveUp();
    run.lock.stop();
    this.close(run, 'abandoned');
    const duration = clock.monotonic() - run.beganAt;
    const settled = this.settle(run, {
      startedAt: event.startedAt,
      run: recordText(event, { abandoned: true, duration }, store.who),
      details: '',
      failed: true,
      work: 'going',
    });
    if (run.trace) Object.assign(run.trace, { outcome: 'abandoned', duration });
    this.tellAbandoned(run);
    await settled;
  }

  /** A run of a job that was forgotten meanwhile is not recorded, because the record would never be deleted. */
  private settle({ job, token }: Run, outcome: Outcome): Promise<SettleReply> {
    return this.settling.settle(job, token, job.isForgotten ? { ...NOT_RUN, work: outcome.work } : outcome);
  }

  private close(run: Run, state: Run['state']): void {
    run.state = state;
    this.runs.delete(run);
    this.departure.runEnded();
  }

  private lockLost(run: Run, why: LostEvent['why']): void {
    if (why === 'expired' && this.departure.givesUp(run)) run.expired = true;
    else tellLost(this.shared.teller, run, why);
  }

  private tellAbandoned(run: Run): void {
    this.abandoned.push(run.job.name);
    tellLost(this.shared.teller, run, 'quit');
  }
}
