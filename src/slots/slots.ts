import type { SkipEvent } from '../events';
import type { Bell } from '../hints/bell';
import type { Job, KnownPlan } from '../job';
import type { PausedJobs } from '../plans/paused-jobs';
import type { Plans } from '../plans/plans';
import type { ClaimReply } from '../redis/replies';
import type { ClaimRequest, NotedRun } from '../redis/requests';
import type { Handover } from '../runs/ticket';
import type { Schedule } from '../schedule/schedule';
import { OBJECTION } from '../scripts/generated';
import type { Shared } from '../shared';
import { Alarms } from '../time/alarms';
import { DUE } from '../time/retry';
import { turns } from '../time/turns';
import { ClaimGate } from './claim-gate';
import { latestMs, MISSED_AFTER, slotWithin } from './misfires';
import { Starts } from './starts';

/**
 * ms before the slot at which it is claimed, so that the way to Redis and back is over when it comes: what a timer of node
 * is late, and a round trip. What is won waits here for its time.
 */
export const EARLY = 1.75;
/** ms before the slot at which another instance may have claimed it, of this version or another. */
const CLAIMED_EARLY = 10;
/** ms after the first claim; by then, and what a bell takes in a large fleet, the bell of whoever goes first has been heard. */
export const GOES_FIRST = 4;
/** An instance that went first steps back once in so many claims, so that new instances get their share. */
export const STEPS_BACK_ONCE_IN = 50;
/** ms per run that goes on here when the slot is due, so that a busy instance yields to an idle one. */
const BUSY = 1;
/** ms; an alarm that is later than this was held up in a stalled process, and the bell may be in the queue behind it. */
const STALLED = 2.5;
/** ms; however large the fleet seems to be, nobody yields for longer. */
const LONGEST_YIELD = 1000;
/** ms that Redis' clock may be behind what we believe; a cron slot in between is not passed over. */
const CLOCK_ERROR = 20;

/** A slot that was won, and could not begin before its lock ended. */
interface LateSlot {
  slot: number;
  /** The slot that its claim set as the next one. */
  next: number;
  stamp: number;
  /** Of the lock that has ended. */
  token: string;
  noted: NotedRun;
}

/**
 * The slots of the hired jobs: due → claim. Each job has an alarm shortly before its next slot; the bell of whoever claims
 * the slot moves the alarms of all others to the following one. Whether a slot is due, and whose it is, the claim script
 * decides.
 */
export class Slots {
  private readonly jobs: Shared['jobs'];
  private readonly store: Shared['store'];
  private readonly clock: Shared['clock'];
  private readonly fleet: Shared['fleetSize'];
  private readonly trust: Shared['trust'];
  private readonly teller: Shared['teller'];
  private readonly pauses: Shared['pauses'];
  private readonly retries: Shared['retries'];
  private readonly track: Shared['track'];
  private readonly alarms: Alarms;
  private readonly starts: Starts;
  private readonly gate: ClaimGate;

  constructor(
    shared: Shared,
    private readonly plans: Plans,
    private readonly paused: PausedJobs,
    private readonly on: Handover,
  ) {
    const { clock } = shared;
    this.jobs = shared.jobs;
    this.store = shared.store;
    this.clock = shared.clock;
    this.fleet = shared.fleetSize;
    this.trust = shared.trust;
    this.teller = shared.teller;
    this.pauses = shared.pauses;
    this.retries = shared.retries;
    this.track = shared.track;
    this.alarms = new Alarms(
      () => clock.now(),
      (name, lateMs) => this.onAlarm(name, lateMs),
    );
    this.starts = new Starts(() => clock.monotonic());
    this.gate = new ClaimGate(
      () => clock.monotonic(),
      (job) => {
        job.claiming = true;
        void this.track(this.claim(job));
      },
      on.places,
    );
  }

  /** What is known of the job's plan has changed. */
  planChanged(job: Job, isAnotherPlan: boolean): void {
    if (isAnotherPlan) job.goesFirst = 'nobody';
    this.align(job);
  }

  /** The job is paused, or no longer: its next slot is claimed at its time, or as early as ever. */
  pauseChanged(job: Job): void {
    this.align(job);
  }

  /** Sets the alarm where the job's next slot, and the fleet, want it. */
  private align(job: Job): void {
    const { known } = job;
    this.gate.forget(job);
    if (known?.schedule)
      this.alarms.set(job.name, known.slot - this.early(job, known) + this.precedence(job));
    else this.alarms.clear(job.name);
  }

  onBell(bell: Bell & { name: string }, job: Job): void {
    if (!job.settings.schedule) return;
    if (bell.kind === 'armed') this.plans.syncSoon(job);
    if (bell.kind === 'claim') this.onClaimed(job, bell);
  }

  /** The trigger of a planned job expired: if its slot seems far ahead, one of the two clocks is wrong. */
  onExpired(job: Job): void {
    const now = this.clock.now();
    const { known } = job;
    if (known?.schedule && known.slot - now > 30 && now - job.heardAt > 500) this.plans.syncSoon(job);
  }

  /** The estimate of Redis' clock has changed. */
  clockJumped(): void {
    this.alarms.realign();
  }

  /** Nothing more is claimed. What was won still begins at its time. */
  stop(): void {
    this.alarms.stop();
    this.gate.stop();
  }

  /**
   * Also abandons slots that were already won. Each is reported as skipped, and the command that releases its lock is sent
   * before this resolves.
   */
  async abandon(): Promise<void> {
    this.starts.abandon();
    // Those that waited there resume first, and may then wait for a turn.
    await Promise.resolve();
    await turns.call(() => {});
  }

  /** ms before the slot at which the first claims it. */
  private early(job: Job, { slot }: KnownPlan): number {
    // A paused job may be resumed until the slot.
    return job.punctualAt === slot || this.paused.covers(job.name, slot) ? 0 : EARLY;
  }

  /** ms after that at which this instance claims it. */
  private precedence(job: Job): number {
    if (this.fleet.alone || job.goesFirst === 'me') return 0;
    const others = job.goesFirst === 'nobody' ? 0 : GOES_FIRST + this.fleet.bellMs;
    return Math.min(LONGEST_YIELD, others + this.fleet.randomWait());
  }

  /** ms that an instance waits once more when its alarm has gone off. */
  private hesitation(job: Job, lateMs: number): number {
    if (this.fleet.alone) return 0;
    if (job.goesFirst === 'me') return Math.min(this.on.busy() * BUSY, GOES_FIRST);
    return lateMs > STALLED ? Math.min(LONGEST_YIELD, this.fleet.randomWait()) : 0;
  }

  private moveOn(job: Job, known: KnownPlan, slot: number, goesFirst: Job['goesFirst']): void {
    this.plans.moveOn(known, slot);
    job.goesFirst = goesFirst;
    job.waitedAgain = false;
    job.claimHeardAt = 0;
    job.heardAt = this.clock.now();
    this.align(job);
  }

  private onClaimed(job: Job, bell: Bell & { kind: 'claim' }): void {
    const { known } = job;
    this.fleet.heard(bell.listeners);
    if (bell.verdict === 'run' && this.paused.covers(job.name, bell.slot)) this.paused.ask(job.name);
    if (!known || bell.stamp < known.stamp) return;
    if (bell.stamp > known.stamp || !known.schedule) {
      this.plans.syncSoon(job);
    } else if (bell.next === known.slot && job.claimHeardAt > 0 && bell.at !== job.claimHeardAt) {
      this.trust.contradicted();
    } else if (this.trust.doubts || this.isOurs(job, known, bell)) {
      // Whether it is claimed, our own claim finds out.
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

  /** Whoever goes first at a slot is not held back by a claim that comes before anybody else would have claimed it. */
  private isOurs(job: Job, known: KnownPlan, { at }: Bell & { kind: 'claim' }): boolean {
    return job.goesFirst === 'me' && !job.claiming && at < known.slot + GOES_FIRST - EARLY;
  }

  /** Can the slot, or a later one, have been claimed then, with this one next? The bell is only a hint: anybody may ring it. */
  private follows(schedule: Schedule, slot: number, { at, next }: Bell & { kind: 'claim' }): boolean {
    if (at < slot - CLAIMED_EARLY || at > this.clock.bounds().latest + CLOCK_ERROR) return false;
    const latest = Math.max(at, slot) + CLOCK_ERROR;
    const { everyMs } = schedule;
    if (everyMs !== null) return (next - slot) % everyMs === 0 && next <= latest + everyMs;
    return next <= schedule.next(slot, latest) && schedule.next(slot, next - 1) === next;
  }

  private onAlarm(name: string, lateMs: number): void {
    const job = this.jobs.get(name);
    if (!job?.known?.schedule || job.claiming) return;
    const { known } = job;
    // Until the slot it may be over.
    if (job.running > 0 && this.clock.now() < known.slot) {
      job.punctualAt = known.slot;
      this.align(job);
      return;
    }
    const wait = job.waitedAgain ? 0 : this.hesitation(job, lateMs);
    if (wait > 0) {
      job.waitedAgain = true;
      this.alarms.set(name, this.clock.now() + wait);
      return;
    }
    const isLate = this.clock.now() - known.slot > MISSED_AFTER;
    if (!this.on.places.hasRoom && !isLate) job.crowdedAt = known.slot;
    this.gate.ask(job);
  }

  /**
   * Claims the job's slot until it is clear whose it is: the token stays, so a claim that went unanswered is known. A slot
   * that was won, and whose lock ended before it could begin, is claimed again.
   */
  private async claim(job: Job): Promise<void> {
    let token = this.store.nextToken();
    let clockError = CLOCK_ERROR;
    let late: LateSlot | null = null;
    this.gate.enter();
    try {
      // Nobody else can claim what was won, so a quit does not keep it from being claimed again.
      while (job.known?.schedule && (late || !this.pauses.stopped)) {
        const { known } = job;
        if (late && late.stamp !== known.stamp) break;
        const { slot: due } = known;
        const sentAt = this.clock.monotonic();
        const request = this.claimRequest(job, known, job.known.schedule, token, clockError, late);
        const reply: ClaimReply | 'refused' = await this.claimOnce(job, known, request);
        if (reply === 'refused' || (late && reply.verdict === 'held')) {
          if (!(await this.pause(DUE.first))) break;
        } else if (reply.verdict === 'gone') {
          if (!(await this.pause(OBJECTION))) break;
        } else if (reply.verdict === 'stale') {
          // The clock is right to the millisecond now.
          clockError = 0;
        } else if (reply.verdict === 'plan') {
          // Not just learned: a plan that began anew in an emptied Redis has to hear what was due.
          this.gate.leave();
          await this.plans.sync(job);
          this.gate.enter();
          break;
        } else if (late) {
          const isLateAgain: boolean = await this.beginAgain(job, known, late, request, reply, sentAt);
          if (!isLateAgain) return;
          late = lateSlot(request, reply);
          token = this.store.nextToken();
          // Something blocks this process all the time, or Redis gives no lock any time.
          if (!(await this.pause(DUE.first))) break;
        } else {
          this.conclude(job, known, reply, due, request.open);
          if (reply.verdict !== 'run' || (await this.begin(job, known, token, reply, sentAt))) return;
          late = lateSlot(request, reply);
          token = this.store.nextToken();
        }
      }
      if (late) this.giveUp(job, late, this.pauses.stopped ? 'quit' : 'expired');
    } finally {
      job.claiming = false;
      job.wonWith = null;
      this.align(job);
      this.gate.leave();
    }
  }

  /** Lets others claim meanwhile. False when the instance stops. */
  private async pause(ms: number): Promise<boolean> {
    this.gate.leave();
    await this.pauses.pause(ms);
    await this.gate.enterAgain();
    return !this.pauses.stopped;
  }

  /** Takes in the answer to a slot that was claimed again. True when it is late once more. */
  private async beginAgain(
    job: Job,
    known: KnownPlan,
    late: LateSlot,
    { token }: ClaimRequest,
    reply: ClaimReply,
    sentAt: number,
  ): Promise<boolean> {
    const { verdict } = reply;
    if (verdict === 'run') {
      // Its first claim was noted as a run that goes on.
      this.on.notRun(job, late.token);
      return !(await this.begin(job, known, token, reply, sentAt));
    }
    if (verdict === 'elsewhere' || verdict === 'paused') {
      this.on.notRun(job, late.token);
      return false;
    }
    if (verdict === 'fired') this.plans.learn(job, reply);
    const isCovered = verdict === 'missed' || reply.slot > late.next || this.clock.now() >= late.next;
    this.giveUp(job, late, isCovered ? 'missed' : 'expired');
    return false;
  }

  /** A slot that was won can neither begin nor be claimed again. */
  private giveUp(job: Job, { slot, stamp, token }: LateSlot, why: SkipEvent['why']): void {
    this.on.notRun(job, token);
    if (job.firedBy > stamp || !this.teller.hears('skip')) return;
    this.teller.tell('skip', { job: job.name, slot, through: slot, why });
  }

  private async claimOnce(
    job: Job,
    known: KnownPlan,
    request: ClaimRequest,
  ): Promise<ClaimReply | 'refused'> {
    const reply = await this.retries.once('claim', job.name, async () => {
      const answer = await this.store.claim(request);
      if (answer.verdict === 'gone') await this.plans.bringBack(job, known);
      return answer;
    });
    if (reply?.pause) this.paused.learn(job.name, reply.pause);
    return reply ?? 'refused';
  }

  private claimRequest(
    job: Job,
    known: KnownPlan,
    schedule: Schedule,
    token: string,
    clockError: number,
    late: LateSlot | null,
  ): ClaimRequest {
    const { ttlMs, misfire } = job.settings;
    const { everyMs } = schedule;
    const now = this.clock.now();
    const due = late?.slot ?? known.slot;
    // Somebody was there, without room: it is late, and not missed.
    const isCrowded = job.crowdedAt === due;
    const expected = late || isCrowded ? due : slotWithin(misfire, schedule, due, now);
    return {
      name: job.name,
      stamp: known.stamp,
      expected,
      everyMs,
      next: everyMs === null ? schedule.next(expected, Math.max(expected, now - clockError)) : 0,
      token,
      ttlMs,
      skipAfterMs: isCrowded ? null : latestMs(misfire),
      // The script's clock counts whole ms.
      earlyMs: Math.ceil(EARLY),
      open: !this.fleet.alone && Math.random() * STEPS_BACK_ONCE_IN < 1,
      listeners: this.fleet.count,
      noted: late?.noted ?? job.settings,
      pause: this.paused.covers(job.name, expected) ? this.paused.of(job.name) : null,
      again: late?.token ?? null,
    };
  }

  /**
   * Takes in the answer that says whose the slot is.
   *
   * @param due the slot that was due when it was asked: if a later one was claimed, it and those between were missed
   * @param open the claim let nobody go first at the next slot
   */
  private conclude(job: Job, asked: KnownPlan, reply: ClaimReply, due: number, open: boolean): void {
    const { verdict, claimed, slot } = reply;
    const known = lastHeard(job, asked);
    if (verdict === 'fired') {
      this.plans.learn(job, reply);
    } else if (verdict === 'resumed') {
      const first = reply.pause && known.schedule?.next(claimed, reply.pause.ends - 1);
      if (!reply.pause || !first || first <= known.slot) return;
      this.skip(job, known, claimed, Math.min(first, reply.pause.since), 'missed');
      this.moveOn(job, known, first, job.goesFirst);
    } else if (verdict === 'ahead' || verdict === 'held') {
      if (verdict === 'held') job.punctualAt = claimed;
      // Somebody else was first, or our clock is fast: only the former costs precedence.
      if (claimed > known.slot) this.moveOn(job, known, claimed, 'other');
    } else if (verdict === 'run' || verdict === 'locked' || verdict === 'missed' || verdict === 'paused') {
      this.fleet.counted(reply.heard);
      // A claim that is answered again may speak of the plan before.
      if (reply.stamp === known.stamp && slot > known.slot)
        this.moveOn(job, known, slot, open ? 'nobody' : 'me');
      if (verdict === 'paused') {
        // Those that were due before the pause, and that nobody had claimed.
        if (reply.pause) this.skip(job, known, claimed, Math.min(slot, reply.pause.since), 'missed');
        return;
      }
      if (this.paused.covers(job.name, claimed)) this.paused.ask(job.name);
      if (typeof job.settings.misfire === 'number') this.skip(job, known, due, claimed, 'missed');
      if (verdict === 'missed') {
        this.skip(job, known, claimed, slot, 'missed');
        return;
      }
      if (verdict === 'locked') this.skip(job, known, claimed, claimed + 1, 'locked');
      // Several that were due at once are one run.
      const after = known.schedule?.next(claimed, claimed) ?? slot;
      this.skip(job, known, after, slot, 'missed');
    }
  }

  /**
   * Hands on the slot that was won, at its time. False when its lock had ended by then, as the process was blocked or the
   * answer late.
   */
  private async begin(
    job: Job,
    asked: KnownPlan,
    token: string,
    reply: ClaimReply,
    sentAt: number,
  ): Promise<boolean> {
    const { claimed: slot, at: lockedAt, lockEndsAt } = reply;
    // Use the earliest time that Redis' clock may show, so that the run never starts early.
    job.wonWith = token;
    const wait = slot - this.clock.bounds().earliest;
    const since = Math.max(sentAt, this.clock.monotonic() + wait);
    const begins = await this.starts.wait(job.name, wait);
    return turns.call(() => {
      if (job.firedBy > reply.stamp || this.paused.stops(job.name, slot, lockedAt)) {
        this.on.notRun(job, token);
        return true;
      }
      if (!begins || this.starts.isAbandoned) {
        this.skip(job, lastHeard(job, asked), slot, slot + 1, 'quit');
        this.on.notRun(job, token);
        return true;
      }
      this.gate.begun(since, job.settings.ttlMs);
      if (this.clock.now() >= lockEndsAt) return false;
      this.on.won(job, { slot, demandedAt: null, recovered: false, token, lockedAt, lockEndsAt });
      return true;
    });
  }

  /** Tells of the slots from `slot` on, before `end`. */
  private skip(job: Job, { schedule }: KnownPlan, slot: number, end: number, why: SkipEvent['why']): void {
    if (slot >= end || !this.teller.hears('skip')) return;
    this.teller.tell('skip', {
      job: job.name,
      slot,
      through: schedule?.previous(slot, end - 1) ?? slot,
      why,
    });
  }
}

function lateSlot({ token, noted }: ClaimRequest, { claimed, slot, stamp }: ClaimReply): LateSlot {
  return { slot: claimed, next: slot, stamp, token, noted };
}

/** Of the plan that was asked about more may have been heard meanwhile. */
function lastHeard(job: Job, asked: KnownPlan): KnownPlan {
  return job.known?.stamp === asked.stamp ? job.known : asked;
}
