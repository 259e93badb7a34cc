import type { SkipEvent } from '../events';
import type { Job, KnownPlan } from '../job';
import type { PausedJobs } from '../plans/paused-jobs';
import type { Plans } from '../plans/plans';
import type { ClaimReply } from '../redis/replies';
import type { ClaimRequest } from '../redis/requests';
import type { Handover } from '../runs/ticket';
import { OBJECTION } from '../scripts/generated';
import type { Shared } from '../shared';
import { DUE } from '../time/retry';
import { turns } from '../time/turns';
import { ClaimGate } from './claim-gate';
import { CLOCK_ERROR, claimRequest, type LateSlot, lateSlot } from './claim-requests';
import { Starts } from './starts';

/**
 * Claims slots that are due: claim → wait for the slot's time → hand it over to a run. Each claim is repeated until it is clear
 * which instance has won.
 */
export class Claims {
  private readonly starts: Starts;
  private readonly gate: ClaimGate;

  constructor(
    private readonly shared: Shared,
    private readonly plans: Plans,
    private readonly paused: PausedJobs,
    private readonly on: Handover & {
      /** The answer to a claim named the next slot. */
      movedOn: (job: Job, known: KnownPlan, slot: number, goesFirst: Job['goesFirst']) => void;
      /** A claim ended, with any result. */
      claimed: (job: Job) => void;
    },
  ) {
    const { clock, time, track } = shared;
    this.starts = new Starts(time);
    this.gate = new ClaimGate(
      () => clock.monotonic(),
      (job) => {
        job.claiming = true;
        void track(this.claim(job));
      },
      on.places,
      () => shared.fleetSize.alone,
      () => clock.roundTrip,
    );
  }

  /** Claims the job's due slot as soon as the gate allows it. */
  ask(job: Job): void {
    this.gate.ask(job);
  }

  /** The job's slot is no longer due, or another instance has claimed it. */
  forget(job: Job): void {
    this.gate.forget(job);
  }

  /** Sends no new claims. Slots that were won still begin at their time. */
  stop(): void {
    this.gate.stop();
  }

  /**
   * Also abandons slots that were already won. Each is reported as skipped, and the command that releases its lock is sent
   * before this resolves.
   */
  async abandon(): Promise<void> {
    this.starts.abandon();
    // The abandoned claims resume first, and may then wait for a turn.
    await Promise.resolve();
    await turns.call(() => {});
  }

  /**
   * Claims the job's slot until it is clear which instance has won. The token stays the same, so that Redis recognizes a claim
   * whose answer was lost. A slot whose lock expired before its run could begin is claimed again.
   */
  private async claim(job: Job): Promise<void> {
    let token = this.shared.store.nextToken();
    let clockError = CLOCK_ERROR;
    let late: LateSlot | null = null;
    this.gate.enter();
    try {
      // No other instance can claim a slot that was won here, so it is claimed again even during a quit.
      while (job.known?.schedule && (late || !this.shared.pauses.stopped)) {
        const { known } = job;
        if (late && late.stamp !== known.stamp) break;
        const { slot: due } = known;
        const sentAt = this.shared.clock.monotonic();
        const request = claimRequest(this.shared, this.paused, {
          job,
          known,
          schedule: job.known.schedule,
          token,
          clockError,
          late,
        });
        const reply: ClaimReply | 'refused' = await this.claimOnce(job, known, request);
        if (reply === 'refused' || (late && reply.verdict === 'held')) {
          if (!(await this.pause(DUE.first))) break;
        } else if (reply.verdict === 'gone') {
          if (!(await this.pause(OBJECTION))) break;
        } else if (reply.verdict === 'stale') {
          // This answer corrected our clock to the millisecond.
          clockError = 0;
        } else if (reply.verdict === 'plan') {
          // A sync, because a plan that was hired into an emptied Redis needs the slot that was due.
          this.gate.leave();
          await this.plans.sync(job);
          this.gate.enter();
          break;
        } else if (late) {
          const isLateAgain: boolean = await this.beginAgain(job, known, late, request, reply, sentAt);
          if (!isLateAgain) return;
          late = lateSlot(request, reply);
          token = this.shared.store.nextToken();
          // Something keeps blocking this process, or the locks expire immediately.
          if (!(await this.pause(DUE.first))) break;
        } else {
          this.conclude(job, known, reply, due, request.open);
          if (reply.verdict !== 'run' || (await this.begin(job, known, token, reply, sentAt))) return;
          late = lateSlot(request, reply);
          token = this.shared.store.nextToken();
        }
      }
      if (late) this.giveUp(job, late, this.shared.pauses.stopped ? 'quit' : 'expired');
    } finally {
      job.claiming = false;
      job.wonWith = null;
      this.on.claimed(job);
      this.gate.leave();
    }
  }

  /** Waits, and lets other claims pass meanwhile. False if the instance stops. */
  private async pause(ms: number): Promise<boolean> {
    this.gate.leave();
    await this.shared.pauses.pause(ms);
    await this.gate.enterAgain();
    return !this.shared.pauses.stopped;
  }

  /** Handles the answer to a repeated claim. True if its lock expired once more. */
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
      // Redis recorded the first claim as a run in progress.
      this.on.notRun(job, late.token);
      return !(await this.begin(job, known, token, reply, sentAt));
    }
    if (verdict === 'elsewhere' || verdict === 'paused') {
      this.on.notRun(job, late.token);
      if (verdict === 'paused') this.skipPaused(job, known, late.slot);
      return false;
    }
    if (verdict === 'fired') this.plans.learn(job, reply);
    const isCovered = verdict === 'missed' || reply.slot > late.next || this.shared.clock.now() >= late.next;
    this.giveUp(job, late, isCovered ? 'missed' : 'expired');
    return false;
  }

  /** A slot that was won cannot begin, and is not claimed again. */
  private giveUp(job: Job, { slot, stamp, token }: LateSlot, why: SkipEvent['why']): void {
    this.on.notRun(job, token);
    if (job.firedBy > stamp || !this.shared.teller.hears('skip')) return;
    this.shared.teller.tell('skip', { job: job.name, slot, through: slot, why });
  }

  private async claimOnce(
    job: Job,
    known: KnownPlan,
    request: ClaimRequest,
  ): Promise<ClaimReply | 'refused'> {
    const reply = await this.shared.retries.once('claim', job.name, async () => {
      const answer = await this.shared.store.claim(request);
      if (answer.verdict === 'gone' && !job.isDismissed) await this.plans.bringBack(job, known);
      return answer;
    });
    if (reply?.pause) this.paused.learn(job.name, reply.pause);
    return reply ?? 'refused';
  }

  /**
   * Handles an answer that says which instance has won the slot.
   *
   * @param due the slot that was due when the claim was sent: if a later one was claimed, it and those between were missed
   * @param open the claim gives no instance precedence at the next slot
   */
  private conclude(job: Job, asked: KnownPlan, reply: ClaimReply, due: number, open: boolean): void {
    const { verdict, claimed, slot } = reply;
    const known = lastHeard(job, asked);
    // With `within`, those that were too late are skipped.
    const passed = typeof job.settings.misfire === 'number' ? due : claimed;
    if (verdict === 'fired') {
      this.plans.learn(job, reply);
    } else if (verdict === 'resumed') {
      const first = reply.pause && known.schedule?.next(claimed, reply.pause.ends - 1);
      if (!reply.pause || !first || first <= known.slot) return;
      this.skip(job, known, passed, Math.min(first, reply.pause.since), 'missed');
      this.on.movedOn(job, known, first, job.goesFirst);
    } else if (verdict === 'ahead' || verdict === 'held') {
      if (verdict === 'held') job.punctualAt = claimed;
      // Another instance was first, or our clock is fast; only the former costs precedence.
      if (claimed > known.slot) this.on.movedOn(job, known, claimed, 'other');
    } else if (verdict === 'run' || verdict === 'locked' || verdict === 'missed' || verdict === 'paused') {
      this.shared.fleetSize.counted(reply.heard);
      // The answer to a repeated claim may concern an earlier plan.
      if (reply.stamp === known.stamp && slot > known.slot)
        this.on.movedOn(job, known, slot, open ? 'nobody, as I stepped back' : 'me');
      if (verdict === 'paused') {
        // The slots that were due before the pause and were not claimed; all, if Redis has lost the pause meanwhile.
        this.skip(job, known, passed, Math.min(slot, reply.pause?.since ?? slot), 'missed');
        return;
      }
      if (this.paused.covers(job.name, claimed)) this.paused.ask(job.name);
      this.skip(job, known, passed, claimed, 'missed');
      if (verdict === 'missed') {
        this.skip(job, known, claimed, slot, 'missed');
        return;
      }
      if (verdict === 'locked') this.skip(job, known, claimed, claimed + 1, 'locked');
      // Several slots that were due together lead to one run.
      const after = known.schedule?.next(claimed, claimed) ?? slot;
      this.skip(job, known, after, slot, 'missed');
    }
  }

  /**
   * Hands over the slot that was won, at its time. False if its lock has expired by then, because the process was blocked or the
   * answer was late.
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
    const wait = slot - this.shared.clock.bounds().earliest;
    const since = Math.max(sentAt, this.shared.clock.monotonic() + wait);
    const begins = await this.starts.wait(job.name, wait);
    return turns.call(() => {
      const isFired = job.firedBy > reply.stamp;
      if (isFired || this.paused.stops(job.name, slot, lockedAt)) {
        this.on.notRun(job, token);
        if (!isFired) this.skipPaused(job, lastHeard(job, asked), slot);
        return true;
      }
      if (!begins || this.starts.isAbandoned) {
        this.skip(job, lastHeard(job, asked), slot, slot + 1, 'quit');
        this.on.notRun(job, token);
        return true;
      }
      this.gate.begun(since, job.settings.ttlMs);
      if (this.shared.clock.now() >= lockEndsAt) return false;
      this.on.won(job, { slot, demandedAt: null, recovered: false, token, lockedAt, lockEndsAt });
      return true;
    });
  }

  /** Reports a slot that was won and released because the job is paused, if it was due before the pause. */
  private skipPaused(job: Job, known: KnownPlan, slot: number): void {
    this.skip(job, known, slot, Math.min(slot + 1, this.paused.of(job.name)?.since ?? 0), 'missed');
  }

  /** Reports the slots from `slot` on, before `end`. */
  private skip(job: Job, { schedule }: KnownPlan, slot: number, end: number, why: SkipEvent['why']): void {
    if (slot >= end || !this.shared.teller.hears('skip')) return;
    this.shared.teller.tell('skip', {
      job: job.name,
      slot,
      through: schedule?.previous(slot, end - 1) ?? slot,
      why,
    });
  }
}

/** The latest knowledge of the plan that the claim was sent for; a bell may have updated it. */
function lastHeard(job: Job, asked: KnownPlan): KnownPlan {
  return job.known?.stamp === asked.stamp ? job.known : asked;
}
