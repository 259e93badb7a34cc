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
import { Inside } from './inside';
import type { Places } from './places';
import { Run } from './run';
import { NOT_RUN, NOTHING_REVEALED, type Outcome, Settling } from './settling';
import type { Ticket } from './ticket';

/** ms in which a run whose signal quit has aborted may still end. */
const GRACE = 500;

/** One for the process: it tells the runs of all instances apart. */
const inside = new Inside<Run>();

/** Runs what was won: lock → run → settle. What settling reveals of a job is returned; see `Settling.settle`. */
export class Runner {
  /** Around every run, the outermost first. */
  readonly qas: Qa[] = [];
  private readonly runs = new Set<Run>();
  /** Quit has given up on the runs that went on: nothing may begin any more. */
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

  /** Settles when the run has, and its lock is released. Never rejects. */
  run(job: Job, ticket: Ticket): Promise<SettleReply> {
    const run = this.begin(job, ticket);
    // Work that blocks the process must hold up nothing that was sent before it.
    this.shared.store.flush();
    const worked = this.work(run);
    // Not before the work: no timer comes up while that keeps the process busy, and setting one takes its time.
    run.lock.watch();
    run.worked = worked;
    run.over = worked.then((ended) => this.end(run, ended));
    return run.over;
  }

  /** Releases the lock of what was won and is not to be run. Never rejects. */
  giveBack(job: Job, token: string): Promise<SettleReply> {
    return this.settling.settle(job, token, NOT_RUN);
  }

  /** A run that was noted with our token, and holds no lock. One that is over here was noted for nothing: Redis refused its end. */
  async suspected(job: Job, token: string): Promise<SettleReply> {
    // Its lock may have ended before it could begin; the slot is then claimed, or recovered, again.
    if (job.wonWith === token || job.recovering?.includes(token)) return NOTHING_REVEALED;
    for (const run of this.runs) if (run.token === token) return NOTHING_REVEALED;
    return this.giveBack(job, token);
  }

  /** A bell may say that another instance was given the job's lock: then whoever runs the job here has lost it. */
  onBell(bell: Bell, job: Job): void {
    const isTaken =
      (bell.kind === 'claim' && bell.verdict === 'run') || bell.kind === 'taken' || bell.kind === 'recovered';
    if (job.running === 0 || !isTaken) return;
    for (const run of this.runs) if (run.job === job) void run.lock.taken(bell.at);
  }

  /**
   * Whether the ends of runs are recorded: of all that go on here under a name, and of those of a job that was hired under it
   * until now.
   */
  record(name: string, job: Job | undefined, isWanted: boolean): void {
    if (job) job.isForgotten = !isWanted;
    for (const run of this.runs) if (run.job.name === name) run.job.isForgotten = !isWanted;
  }

  /**
   * From here on a demand that waits when a run ends is for somebody else.
   *
   * @param timeout the longest wait for runs, in ms; null: the default of `QuitOptions.timeout`
   */
  leave(timeout: number | null): void {
    this.departure.begin(timeout);
  }

  /**
   * For a quit that is called in a run of ours, which may be waited for in it: settles when no run goes on but those in which
   * quit was called. Null: it is called elsewhere.
   */
  quitInside(): Promise<void> | null {
    const { run } = inside;
    return run && this.runs.has(run) ? this.departure.calledIn(run) : null;
  }

  /** Waits for the runs that go on, for as long as quit may wait for them. */
  async wait(): Promise<void> {
    // A run that calls quit at once has no promise yet.
    await null;
    for (let { rest } = this.departure; rest > 0; rest = this.departure.rest)
      await this.shared.time.within(rest, Promise.all([...this.runs].map(({ worked }) => worked)));
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
    for (const run of left) run.giveUp();
    const { time } = this.shared;
    if (left.length > 0) await time.within(GRACE, Promise.all(left.map(({ worked }) => worked)));
    this.gaveUp = true;
    const abandoned = [...this.runs].map((run) => this.abandon(run));
    const ended = left.filter(({ state }) => state === 'over').map(({ over }) => over);
    if (left.length > 0) await time.within(answersMs, Promise.all([...abandoned, ...ended]));
    return this.abandoned;
  }

  /** Looks after no lock any more: the connection is about to close. Runs that go on do so by themselves. */
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

  /** What looks after the run's lock until it is let go. */
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
    return origin.call(() => inside.call(run, () => time.work(chain)));
  }

  /** The chain has settled. */
  private async end(run: Run, ended: Ending): Promise<SettleReply> {
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
    // Sent before anybody is told, so that a slow listener does not hold the lock.
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

  /** The work did not end in its grace either. */
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

  /** A run of a job that was forgotten meanwhile is not recorded: nobody would delete that. */
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
