import type { Bell } from '../hints/bell';
import type { Job, KnownPlan } from '../job';
import type { PausedJobs } from '../plans/paused-jobs';
import type { Plans } from '../plans/plans';
import type { Handover } from '../runs/ticket';
import type { Schedule } from '../schedule/schedule';
import type { Shared } from '../shared';
import { Alarms } from '../time/alarms';
import { CLOCK_ERROR, EARLY } from './claim-requests';
import { Claims } from './claims';
import { MISSED_AFTER } from './misfires';

/** How many ms before its time a slot may be claimed by another instance, of any version. */
const CLAIMED_EARLY = 10;
/** ms that other instances wait for the bell of the one that goes first; a large fleet adds the time that a bell takes. */
export const GOES_FIRST = 4;
/** ms that a busy instance waits per current run, so that it yields to an idle one. */
const BUSY = 1;
/** ms; a later alarm was delayed by a stalled process, and the bell may be in the queue behind it. */
const STALLED = 2.5;
/** ms; the longest that an instance yields, however large the fleet seems. */
const LONGEST_YIELD = 1000;

/**
 * Decides when the slots of the hired jobs are claimed. Each job has an alarm shortly before its next slot. The bell of the
 * instance that claims it moves the alarms of all others to the following slot. The claim script decides whether a slot is
 * due, and who wins it.
 */
export class Slots {
  private readonly alarms: Alarms;
  private readonly claims: Claims;

  constructor(
    private readonly shared: Shared,
    private readonly plans: Plans,
    private readonly paused: PausedJobs,
    private readonly on: Handover,
  ) {
    const { clock } = shared;
    this.alarms = new Alarms(
      () => clock.now(),
      (name, lateMs) => this.onAlarm(name, lateMs),
      shared.time,
    );
    this.claims = new Claims(shared, plans, paused, {
      ...on,
      movedOn: (job, known, slot, goesFirst) => this.moveOn(job, known, slot, goesFirst),
      claimed: (job) => this.align(job),
    });
  }

  /** The known plan of the job has changed. */
  planChanged(job: Job, isAnotherPlan: boolean): void {
    if (isAnotherPlan) job.goesFirst = 'nobody';
    this.align(job);
  }

  /** The job was paused or resumed. Slots of a paused job are claimed at their time, all others a little early. */
  pauseChanged(job: Job): void {
    this.align(job);
  }

  /** Sets the alarm for the job's next slot. */
  private align(job: Job): void {
    const { known } = job;
    // The job keeps its place in the line.
    if (known?.schedule && job.waitsWith === known.slot) return;
    this.claims.forget(job);
    // The alarm belongs to another job of this name, hired after this one was dismissed.
    if (job.isDismissed && this.shared.jobs.has(job.name)) return;
    if (known?.schedule)
      this.alarms.set(job.name, known.slot - this.early(job, known) + this.precedence(job));
    else this.alarms.clear(job.name);
  }

  onBell(bell: Bell & { name: string }, job: Job): void {
    if (!job.settings.schedule) return;
    if (bell.kind === 'armed') this.plans.syncSoon(job);
    if (bell.kind === 'claim') this.onClaimed(job, bell);
  }

  /** The trigger of a planned job expired. If its slot still seems far ahead, our estimate of the clock or the slot is wrong. */
  onExpired(job: Job): void {
    const now = this.shared.clock.now();
    const { known } = job;
    if (known?.schedule && known.slot - now > 30 && now - job.heardAt > 500) this.plans.syncSoon(job);
  }

  /** The estimate of Redis' clock has changed. */
  clockJumped(): void {
    this.alarms.realign();
  }

  /** Sends no new claims. Slots that were won still begin at their time. */
  stop(): void {
    this.alarms.stop();
    this.claims.stop();
  }

  /** See `Claims.abandon`. */
  abandon(): Promise<void> {
    return this.claims.abandon();
  }

  /** How many ms before its time the slot is claimed. */
  private early(job: Job, { slot }: KnownPlan): number {
    // A paused job may be resumed before the slot.
    return job.punctualAt === slot || this.paused.covers(job.name, slot) ? 0 : EARLY;
  }

  /** How many ms this instance waits for the others before it claims the slot. */
  private precedence(job: Job): number {
    if (this.shared.fleetSize.alone || job.goesFirst === 'me') return 0;
    const others = job.goesFirst !== 'other' ? 0 : GOES_FIRST + this.shared.fleetSize.bellMs;
    return Math.min(LONGEST_YIELD, others + this.shared.fleetSize.randomWait());
  }

  /** How many ms the instance waits once more after its alarm has gone off. */
  private hesitation(job: Job, lateMs: number): number {
    if (this.shared.fleetSize.alone) return 0;
    if (job.goesFirst === 'me') return Math.min(this.on.busy() * BUSY, GOES_FIRST);
    return lateMs > STALLED ? Math.min(LONGEST_YIELD, this.shared.fleetSize.randomWait()) : 0;
  }

  private moveOn(job: Job, known: KnownPlan, slot: number, goesFirst: Job['goesFirst']): void {
    this.plans.moveOn(known, slot);
    job.goesFirst = goesFirst;
    job.waitedAgain = false;
    job.claimHeardAt = 0;
    job.heardAt = this.shared.clock.now();
    this.align(job);
  }

  private onClaimed(job: Job, bell: Bell & { kind: 'claim' }): void {
    const { known } = job;
    this.shared.fleetSize.heard(bell.listeners);
    if (bell.verdict === 'run' && this.paused.covers(job.name, bell.slot)) this.paused.ask(job.name);
    if (!known || bell.stamp < known.stamp) return;
    if (bell.stamp > known.stamp || !known.schedule) {
      this.plans.syncSoon(job);
    } else if (bell.next === known.slot && job.claimHeardAt > 0 && bell.at !== job.claimHeardAt) {
      this.shared.trust.contradicted();
    } else if (this.shared.trust.doubts || this.isOurs(job, known, bell)) {
      // Our own claim will show whether it is claimed.
      return;
    } else if (bell.next > known.slot) {
      if (this.follows(known.schedule, known.slot, bell)) {
        this.moveOn(job, known, bell.next, bell.open ? 'nobody' : 'other');
        job.claimHeardAt = bell.at;
      } else {
        this.plans.syncSoon(job);
      }
    }
  }

  /**
   * Whether this instance claims the slot although a bell says that another has claimed it. If it goes first, it ignores a bell
   * that comes, or was sent, before any other instance would have claimed the slot; if it has stepped back, it ignores every
   * bell. The bell is only a hint, and if it were wrong, no instance would claim the slot.
   */
  private isOurs(job: Job, known: KnownPlan, { at }: Bell & { kind: 'claim' }): boolean {
    if (job.claiming) return false;
    if (job.goesFirst === 'nobody, as I stepped back') return true;
    return job.goesFirst === 'me' && Math.min(at, this.shared.clock.now()) < known.slot + GOES_FIRST - EARLY;
  }

  /** Whether the claim in this bell is plausible for the plan. A bell is only a hint: any client can send one. */
  private follows(schedule: Schedule, slot: number, { at, next }: Bell & { kind: 'claim' }): boolean {
    if (at < slot - CLAIMED_EARLY || at > this.shared.clock.bounds().latest + CLOCK_ERROR) return false;
    const latest = Math.max(at, slot) + CLOCK_ERROR;
    const { everyMs } = schedule;
    if (everyMs !== null) return (next - slot) % everyMs === 0 && next <= latest + everyMs;
    return next <= schedule.next(slot, latest) && schedule.next(slot, next - 1) === next;
  }

  private onAlarm(name: string, lateMs: number): void {
    const job = this.shared.jobs.get(name);
    if (!job?.known?.schedule || job.claiming) return;
    const { known } = job;
    // The run may end before the slot.
    if (job.running > 0 && this.shared.clock.now() < known.slot) {
      job.punctualAt = known.slot;
      this.align(job);
      return;
    }
    const wait = job.waitedAgain ? 0 : this.hesitation(job, lateMs);
    if (wait > 0) {
      job.waitedAgain = true;
      this.alarms.set(name, this.shared.clock.now() + wait);
      return;
    }
    const isLate = this.shared.clock.now() - known.slot > MISSED_AFTER;
    if (!this.on.places.hasRoom && !isLate) job.crowdedAt = known.slot;
    this.claims.ask(job);
  }
}
