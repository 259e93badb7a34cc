import { BossmanError, messageOf, retryError } from '../errors';
import type { Teller } from '../events';
import type { Bell } from '../hints/bell';
import type { Fleet } from '../hints/fleet-size';
import type { Trust } from '../hints/trust';
import type { Job } from '../job';
import type { DemandReply } from '../redis/replies';
import type { Store } from '../redis/store';
import type { Ticket } from '../runs/runner';
import { Alarms } from '../time/alarms';
import type { RedisClock } from '../time/clock';
import type { Pauses } from '../time/pauses';
import { turns } from '../time/turns';
import { DemandExpiries } from './originals';

/** ms in which the bell of whoever takes an original's demand first comes through, even to a process that stalled. */
const ORIGINAL_WAIT = 20;
/** ms after which a take that Redis refused, or that came too late, is sent again. */
const RETRY = 200;
/** ms after which a lock that no run of ours has is asked about again; the same as in scripts/lib.lua. */
const FOREIGN_LOCK = 1000;

/**
 * Demands: note → take. A demand is noted in Redis and announced by the bell; whoever hears it first takes it, and the
 * bell of that stops the others. All of them look again when the taker's lock would end, unless they hear before that
 * it has begun: so a demand outlives a taker that dies. Only an instance's own demand, when nobody waits for another,
 * counts as begun in the step that takes it: until it runs nobody was told that it was made.
 */
export class Demands {
  private readonly looks: Alarms;
  private readonly expiries: DemandExpiries;

  constructor(
    private readonly jobs: ReadonlyMap<string, Job>,
    private readonly store: Store,
    private readonly clock: RedisClock,
    private readonly fleet: Fleet,
    private readonly trust: Trust,
    private readonly teller: Teller,
    private readonly pauses: Pauses,
    private readonly on: {
      taken: (job: Job, ticket: Ticket) => void;
      /** It was taken too late: the run that was noted with this token does not begin. */
      notRun: (job: Job, token: string) => void;
      track: <T>(promise: Promise<T>) => Promise<T>;
    },
  ) {
    this.looks = new Alarms(
      () => clock.now(),
      (name) => this.take(name),
    );
    this.expiries = new DemandExpiries(clock);
  }

  /** Makes a demand; takes it too when this instance hired the job and is idle in it. Rejects with Redis' refusal. */
  async demand(name: string): Promise<void> {
    const job = this.jobs.get(name);
    // One that is on its way and becomes ours begins after this call, so it is one run with it.
    if (job?.demanding && (await job.demanding.catch(() => false))) return;
    if (job && job.running === 0 && !job.taking && !job.demanding) {
      const demanding = this.demandOwn(job);
      job.demanding = demanding;
      try {
        await demanding;
      } catch (cause) {
        // It may have been taken all the same, if only the answer was lost.
        if (this.clock.known) this.looks.set(name, this.clock.now() + job.settings.ttlMs + 1);
        throw cause;
      } finally {
        job.demanding = null;
      }
    } else {
      const reply = await this.store.demand(name, this.store.nextSequence(), this.fleet.count, null);
      this.fleet.counted(reply.heard);
      // Our own bell is not listened to, as the answer says the same.
      if (job && reply.verdict === 'noted') this.noted(job, reply);
    }
  }

  /** Resolves with true when the demand runs here, or another instance has taken it since. */
  private async demandOwn(job: Job): Promise<boolean> {
    const own = { token: this.store.nextToken(), ttlMs: job.settings.ttlMs, noted: job.settings };
    const reply = await this.store.demand(job.name, this.store.nextSequence(), this.fleet.count, own);
    this.fleet.counted(reply.heard);
    if (reply.verdict === 'noted') {
      this.noted(job, reply);
      return false;
    }
    if (reply.verdict === 'done' || (await this.beginInTurn(job, own.token, reply))) return true;
    if (reply.verdict === 'yours') {
      this.take(job.name);
      return true;
    }
    // It counts as run, so only another demand runs it.
    this.on.notRun(job, own.token);
    this.tooLate(job);
    this.noted(job, await this.store.demand(job.name, this.store.nextSequence(), this.fleet.count, null));
    return false;
  }

  private noted(job: Job, { at, lockRest }: { at: number; lockRest: number }): void {
    job.demandNotedAt = Math.max(job.demandNotedAt, Math.floor(Math.min(at, this.clock.now())));
    const wait = this.waitFor(job, lockRest);
    // Not put off by every further demand, nor by one that nobody made.
    if (wait > 0) this.looks.hasten(job.name, this.clock.now() + wait);
    else this.take(job.name);
  }

  /** Redis says that a demand of the job can be taken in so many ms. */
  waits(job: Job, inMs: number): void {
    const wait = this.waitFor(job, inMs);
    if (wait > 0) this.looks.set(job.name, this.clock.now() + wait);
    else this.take(job.name);
  }

  /** ms after which a demand is taken whose job's lock has so long to go. */
  private waitFor(job: Job, lockRest: number): number {
    if (lockRest <= 0) return this.waitToTake();
    // A longer one is not of a run of ours; it is asked about again, as a lock without an expiry is.
    return Math.min(lockRest, Math.max(job.settings.ttlMs, FOREIGN_LOCK)) + 1 + this.fleet.randomWait();
  }

  subscribing(): void {
    this.expiries.subscribing();
  }

  subscribed(): void {
    this.expiries.subscribed();
  }

  /** Our own bell announces an expiry as much as another's does. */
  onAnyBell(bell: Bell): void {
    if ('name' in bell && this.jobs.has(bell.name)) this.expiries.onBell(bell);
  }

  onBell(bell: Bell & { name: string }, job: Job): void {
    // Before the first answer nothing can be timed, and that answer says whether a demand waits.
    if (!this.clock.known) return;
    if (bell.kind === 'demand') {
      job.demandsHeard += 1;
      this.fleet.heard(bell.listeners);
      this.noted(job, bell);
    } else if (bell.kind === 'taken') {
      job.demandsHeard += 1;
      job.takenBy = bell.caller;
      // Not when it counts as run.
      if (bell.lockRest >= 0 && !this.trust.doubts)
        this.looks.set(job.name, this.clock.now() + this.waitFor(job, Math.max(1, bell.lockRest)));
    } else if (bell.kind === 'begun') {
      // Whoever begins a demand has taken it, and rang for that before.
      if (bell.caller !== job.takenBy) this.trust.contradicted();
      // The bell has its own connection: what it says may be older than the answer to a demand of ours.
      else if (!bell.waiting && bell.at >= job.demandNotedAt && !this.trust.doubts)
        this.looks.clear(job.name);
    }
  }

  /** A demand trigger of the name expired. One that no bell announced is a demand made by an original. */
  onTriggerExpired(name: string): void {
    const announced = this.expiries.close(name);
    const job = this.jobs.get(name);
    if (!job || announced || !this.clock.known || this.expiries.mayHaveMissed(job.hiredAt)) return;
    void this.takeOriginalsDemand(job);
  }

  stop(): void {
    this.looks.stop();
  }

  realign(): void {
    this.looks.realign();
  }

  private waitToTake(): number {
    // One that demands and one that works: nobody to yield to.
    return this.fleet.size <= 2 ? 0 : this.fleet.randomWait() / 2;
  }

  private take(name: string): void {
    const job = this.jobs.get(name);
    if (!job || this.pauses.stopped) return;
    if (job.taking) job.takeAgain = true;
    else void this.on.track(this.takeUntilClear(job, null));
  }

  /** Every instance hears of an original's demand; when it was heard tells which one it is. */
  private async takeOriginalsDemand(job: Job): Promise<void> {
    const { demandsHeard } = job;
    const heardAt = Math.round(this.clock.now());
    await this.pauses.pause(ORIGINAL_WAIT + this.fleet.randomWait());
    if (this.pauses.stopped || job.taking) return;
    if (job.demandsHeard !== demandsHeard && !this.trust.doubts) return;
    await this.on.track(this.takeUntilClear(job, heardAt));
  }

  /** The token stays until it is clear whose the demand is, so a take that went unanswered is known. */
  private async takeUntilClear(job: Job, originalHeardAt: number | null): Promise<void> {
    job.taking = true;
    const token = this.store.nextToken();
    try {
      while (!this.pauses.stopped) {
        job.takeAgain = false;
        try {
          const reply = await this.store.take(job.name, token, job.settings.ttlMs, originalHeardAt);
          this.teller.over('take', job.name);
          this.fleet.counted(reply.heard);
          if (reply.verdict === 'held') this.waits(job, Math.max(1, reply.lockRest));
          else if (reply.verdict === 'none' && job.takeAgain) continue;
          else if (reply.verdict === 'yours' && !(await this.beginInTurn(job, token, reply))) {
            this.tooLate(job);
            await this.pauses.pause(RETRY);
            continue;
          }
          return;
        } catch (cause) {
          this.teller.trouble(retryError('take', job.name, cause), 'take');
          await this.pauses.pause(RETRY);
        }
      }
    } finally {
      job.taking = false;
    }
  }

  private beginInTurn(job: Job, token: string, reply: DemandReply): boolean | Promise<boolean> {
    return turns.call(() => this.begin(job, token, reply));
  }

  /** False when this process was held up past the lock, so that the demand may be another's. */
  private begin(job: Job, token: string, reply: DemandReply): boolean {
    if (reply.at >= job.demandNotedAt) this.looks.clear(job.name);
    if (this.clock.now() >= reply.lockEndsAt) return false;
    if (reply.verdict !== 'begun') this.noteBegin(job, token);
    this.on.taken(job, {
      slot: null,
      demandedAt: reply.demandedAt,
      recovered: false,
      token,
      lockedAt: reply.at,
      lockEndsAt: reply.lockEndsAt,
    });
    return true;
  }

  /** Not waited for: the run starts now. Settling the run clears the mark as well, should this be lost. */
  private noteBegin(job: Job, token: string): void {
    this.store.begin(job.name, token, job.settings).then(
      () => this.teller.over('begin'),
      (cause) => {
        const message = `the begin of '${job.name}' could not be noted (${messageOf(cause)})`;
        this.teller.trouble(new BossmanError('COMMAND', message, job.name, cause), 'begin');
      },
    );
  }

  private tooLate(job: Job): void {
    const message = `the lock of '${job.name}' (ttl ${job.settings.ttlMs} ms) had ended before its demand could begin; trying again`;
    this.teller.trouble(new BossmanError('LOCK_LOST', message, job.name), 'late take');
  }
}
