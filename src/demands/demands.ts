import { BossmanError } from '../errors';
import type { Bell } from '../hints/bell';
import type { Job } from '../job';
import { explained } from '../redis/refusals';
import type { DemandReply } from '../redis/replies';
import type { OwnDemand } from '../redis/requests';
import type { Line } from '../runs/places';
import type { Handover } from '../runs/ticket';
import { FOREIGN_LOCK } from '../scripts/generated';
import type { Shared } from '../shared';
import { Alarms } from '../time/alarms';
import { DUE } from '../time/retry';
import { turns } from '../time/turns';
import { DemandExpiries } from './originals';

/** ms within which the bell of the first instance that takes an original's demand arrives, even in a stalled process. */
const ORIGINAL_WAIT = 20;

/**
 * Demands: note → take. A demand is noted in Redis and announced by the bell. The first instance that hears it takes it, and
 * the bell of the take stops the others. They try again when the taker's lock would expire, unless they hear before then that
 * the run has begun, so a demand survives a taker that dies. An instance's own demand counts as begun in the step that takes
 * it, if no other demand waits: until that step is answered, its caller has not been told that the demand was made.
 *
 * A demand of a job is taken, or asked about again,
 * - when its bell is heard: immediately, or after the lock of the current run;
 * - when the bell says that another instance took it: after that instance's lock, unless `begun` is heard before then;
 * - when a take finds the lock held: after that lock;
 * - when a take finds nothing, and a hint arrived while it was in flight: immediately;
 * - when Redis refuses the take, or its lock ended before the run could begin: after `DUE`, with the same token;
 * - when Redis refuses our own demand: after a `ttl`, because it may have been taken although the answer was lost;
 * - when our own demand could not begin before its lock ended: it is made again;
 * - when the answer to a hire, to a sync or to the end of a run says that a demand waits (`waits`). Syncs follow a
 *   connection and a subscription, and are made within every `ttl` while the bell is not heard;
 * - when an original's trigger expires: after `ORIGINAL_WAIT`, unless the bell says before then that it was taken.
 *
 * An instance that has no room for another run takes nothing. The job waits in a line until there is room, or until `begun` is
 * heard. If the instance makes a demand itself, the demand is only noted, for others to take.
 */
export class Demands {
  /** When the next take of each job is sent. */
  private readonly takes: Alarms;
  private readonly expiries: DemandExpiries;
  /** Jobs whose demand would be taken if there were room for its run. */
  private readonly waiting: Line;

  constructor(
    private readonly shared: Shared,
    private readonly on: Handover,
  ) {
    this.takes = new Alarms(
      () => shared.clock.now(),
      (name) => this.take(name),
      shared.time,
    );
    this.expiries = new DemandExpiries(shared.clock, shared.pauses);
    this.waiting = on.places.line((job) => this.take(job.name));
  }

  /** Makes a demand, and takes it if this instance hires the job, is not running it and has room. Rejects if Redis refuses. */
  async demand(name: string): Promise<void> {
    const job = this.shared.jobs.get(name);
    // If the run of an earlier demand that is still in flight begins after this call, it serves both.
    if (job?.demanding && (await job.demanding.catch(() => false))) return;
    if (job && job.running === 0 && !job.taking && !job.demanding && this.on.places.hasRoom) {
      this.on.places.enter();
      const demanding = this.demandOwn(job);
      job.demanding = demanding;
      try {
        await demanding;
      } catch (cause) {
        // It may have been taken nevertheless, if only the answer was lost.
        if (this.shared.clock.known) this.takes.set(name, this.shared.clock.now() + job.settings.ttlMs + 1);
        throw cause;
      } finally {
        if (job.demanding === demanding) job.demanding = null;
        this.on.places.leave();
      }
    } else {
      const reply = await this.send(name, null);
      this.shared.fleetSize.counted(reply.heard);
      // Our own bell is ignored, because the answer contains the same.
      if (job && reply.verdict === 'noted') this.noted(job, reply);
    }
  }

  /** Resolves with true if its run begins here. Otherwise another instance may have run it, at any time since it was sent. */
  private async demandOwn(job: Job): Promise<boolean> {
    const own = { token: this.shared.store.nextToken(), ttlMs: job.settings.ttlMs, noted: job.settings };
    const reply = await this.send(job.name, own);
    this.shared.fleetSize.counted(reply.heard);
    if (reply.verdict === 'noted') this.noted(job, reply);
    if (reply.verdict === 'noted' || reply.verdict === 'done') return false;
    if (await turns.call(() => this.begin(job, own.token, reply))) return true;
    if (reply.verdict === 'yours') {
      this.take(job.name);
      return false;
    }
    // For Redis, this demand has run, so another one is noted in its place.
    this.on.notRun(job, own.token);
    if (!this.on.hasGivenUp()) this.tooLate(job);
    this.noted(job, await this.send(job.name, null));
    return false;
  }

  private send(name: string, own: OwnDemand | null): Promise<DemandReply> {
    const { store, fleetSize } = this.shared;
    return store.demand(name, store.nextSequence(), fleetSize.count, own);
  }

  private noted(job: Job, { at, lockRest }: { at: number; lockRest: number }): void {
    job.demandNotedAt = Math.max(job.demandNotedAt, Math.floor(Math.min(at, this.shared.clock.now())));
    const wait = this.waitFor(job, lockRest);
    // Further demands, or forged ones, must not delay the take.
    if (wait > 0) this.takes.hasten(job.name, this.shared.clock.now() + wait);
    else this.take(job.name);
  }

  /** Redis answered that a demand of the job can be taken in `inMs`. */
  waits(job: Job, inMs: number): void {
    const wait = this.waitFor(job, inMs);
    if (wait > 0) this.takes.set(job.name, this.shared.clock.now() + wait);
    else this.take(job.name);
  }

  /** ms after which a demand is taken if the job's lock expires in `lockRest` ms. */
  private waitFor(job: Job, lockRest: number): number {
    if (lockRest <= 0) return this.waitToTake();
    // A longer lock does not belong to a run of bossman; like a lock without expiry, it is checked again.
    return (
      Math.min(lockRest, Math.max(job.settings.ttlMs, FOREIGN_LOCK)) + 1 + this.shared.fleetSize.randomWait()
    );
  }

  subscribing(): void {
    this.expiries.subscribing();
  }

  subscribed(): void {
    void this.expiries.subscribed();
  }

  /** Called for our own bells too, because they also announce an expiry. */
  onAnyBell(bell: Bell): void {
    if ('name' in bell && this.shared.jobs.has(bell.name)) this.expiries.onBell(bell);
  }

  onBell(bell: Bell & { name: string }, job: Job): void {
    // Before the first answer Redis' clock is unknown; that answer will say whether a demand waits.
    if (!this.shared.clock.known) return;
    if (bell.kind === 'demand') {
      job.demandsHeard += 1;
      this.shared.fleetSize.heard(bell.listeners);
      this.noted(job, bell);
    } else if (bell.kind === 'taken') {
      job.demandsHeard += 1;
      job.takenBy = bell.caller;
      // -1: it counts as run.
      if (bell.lockRest >= 0 && !this.shared.trust.doubts)
        this.takes.set(job.name, this.shared.clock.now() + this.waitFor(job, Math.max(1, bell.lockRest)));
    } else if (bell.kind === 'begun') {
      // The instance that begins a demand has taken it, and announced that before.
      if (bell.caller !== job.takenBy) this.shared.trust.contradicted();
      // The bell arrives on another connection, so it may be older than the answer to our own demand.
      else if (!bell.waiting && bell.at >= job.demandNotedAt && !this.shared.trust.doubts) {
        this.takes.clear(job.name);
        this.waiting.remove(job);
      }
    }
  }

  /** A demand trigger expired. If no bell announced it, an original has made a demand. */
  onTriggerExpired(name: string): void {
    const announced = this.expiries.close(name);
    const job = this.shared.jobs.get(name);
    if (!job || announced || !this.shared.clock.known || this.expiries.mayHaveMissed(job.hiredAt)) return;
    void this.takeOriginalsDemand(job);
  }

  dismissed(job: Job): void {
    this.takes.clear(job.name);
    this.waiting.remove(job);
    this.expiries.forget(job.name);
  }

  stop(): void {
    this.takes.stop();
    this.waiting.clear();
  }

  clockJumped(): void {
    this.takes.realign();
  }

  private waitToTake(): number {
    // With one instance that demands and one that works, there is no other to yield to.
    return this.shared.fleetSize.size <= 2 ? 0 : this.shared.fleetSize.randomWait() / 2;
  }

  private take(name: string): void {
    const job = this.shared.jobs.get(name);
    if (!job || this.shared.pauses.stopped) return;
    if (job.taking) job.takeAgain = true;
    else if (!this.on.places.hasRoom) this.waiting.add(job);
    else void this.shared.track(this.takeUntilClear(job, null));
  }

  /** Every instance hears of an original's demand; the time at which it was heard identifies it. */
  private async takeOriginalsDemand(job: Job): Promise<void> {
    const { demandsHeard } = job;
    const heardAt = Math.round(this.shared.clock.now());
    await this.shared.pauses.pause(ORIGINAL_WAIT + this.shared.fleetSize.randomWait());
    if (this.shared.pauses.stopped || job.taking) return;
    if (job.demandsHeard !== demandsHeard && !this.shared.trust.doubts) return;
    const { hasRoom } = this.on.places;
    await this.shared.track(
      hasRoom ? this.takeUntilClear(job, heardAt) : this.noteOriginalsDemand(job, heardAt),
    );
  }

  /** There is no room to run an original's demand: notes it in Redis, because it would be lost otherwise. */
  private async noteOriginalsDemand(job: Job, heardAt: number): Promise<void> {
    const { store, retries } = this.shared;
    const token = store.nextToken();
    const send = () => store.take(job.name, token, 0, heardAt);
    const reply = await retries.until('take', job.name, send, { waits: DUE });
    if (reply?.verdict === 'held') this.waits(job, reply.lockRest);
  }

  /** The token stays the same, so that Redis recognizes a take whose answer was lost. */
  private async takeUntilClear(job: Job, originalHeardAt: number | null): Promise<void> {
    job.taking = true;
    const { store, retries, fleetSize, pauses } = this.shared;
    const { places } = this.on;
    const token = store.nextToken();
    const send = () => {
      job.takeAgain = false;
      return store.take(job.name, token, job.settings.ttlMs, originalHeardAt);
    };
    try {
      for (;;) {
        const reply = await retries.until('take', job.name, () => places.send(send), { waits: DUE });
        if (reply === null) return;
        fleetSize.counted(reply.heard);
        const isLate = reply.verdict === 'yours' && !(await turns.call(() => this.begin(job, token, reply)));
        places.leave();
        if (reply.verdict === 'held') this.waits(job, Math.max(1, reply.lockRest));
        // Another instance takes it when the lock has expired.
        if (isLate && this.on.hasGivenUp()) return;
        if (isLate) {
          this.tooLate(job);
          await pauses.pause(DUE.first);
        } else if (reply.verdict !== 'none' || !job.takeAgain) {
          return;
        }
      }
    } finally {
      job.taking = false;
    }
  }

  /**
   * False if this process was blocked until the lock expired, so that another instance may have taken the demand, or if quit
   * has given up.
   */
  private begin(job: Job, token: string, reply: DemandReply): boolean {
    if (reply.at >= job.demandNotedAt) this.takes.clear(job.name);
    if (this.on.hasGivenUp() || this.shared.clock.now() >= reply.lockEndsAt) return false;
    if (reply.verdict !== 'begun') this.noteBegin(job, token, reply.demandedAt);
    // A demand that the work makes from here on needs another run.
    job.demanding = null;
    this.on.won(job, {
      slot: null,
      demandedAt: reply.demandedAt,
      recovered: false,
      token,
      lockedAt: reply.at,
      lockEndsAt: reply.lockEndsAt,
    });
    return true;
  }

  /** Not awaited, because the run starts now. If this command is lost, settling the run has the same effect. */
  private noteBegin(job: Job, token: string, demandedAt: number): void {
    this.shared.store.begin(job.name, token, demandedAt, job.settings).then(
      () => this.shared.teller.over('begin'),
      (cause) => {
        const message = `the start of a run of '${job.name}' could not be recorded (${explained(cause)})`;
        this.shared.teller.trouble(new BossmanError('COMMAND', message, job.name, cause), 'begin');
      },
    );
  }

  private tooLate(job: Job): void {
    const message = `the lock of '${job.name}' (ttl ${job.settings.ttlMs} ms) expired before its demand could begin; trying again`;
    this.shared.teller.trouble(new BossmanError('LOCK_LOST', message, job.name), 'late take');
  }
}
