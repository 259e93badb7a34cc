import { BossmanError } from '../errors';
import type { Bell } from '../hints/bell';
import type { Job } from '../job';
import type { RecoverReply } from '../redis/replies';
import type { Line } from '../runs/places';
import type { Handover } from '../runs/ticket';
import type { Shared } from '../shared';
import { Alarms } from '../time/alarms';
import { DUE } from '../time/retry';
import { turns } from '../time/turns';
import { EARLY } from './claim-requests';

/** A slot or a demand (`slot` null) that was taken, but whose lock expired before its run could begin. */
interface Late {
  token: string;
  slot: number | null;
  lockedAt: number;
}

/**
 * Recovers slots and demands, of jobs hired with `recover`, whose run died or was abandoned by a quit. Redis keeps a note of
 * each run until it is settled. All other instances look for the note when the run's lock would expire, unless a bell reports
 * before then that the run has settled, or that its instance has quit and its work has ended.
 */
export class Recoveries {
  private readonly checks: Alarms;
  /** Jobs to check as soon as there is a place for a run. */
  private readonly waiting: Line;

  constructor(
    private readonly shared: Shared,
    private readonly on: Handover,
  ) {
    this.checks = new Alarms(
      () => shared.clock.now(),
      (name) => this.onCheck(name),
      shared.time,
    );
    this.waiting = on.places.line((job) => this.check(job));
  }

  onBell(bell: Bell & { name: string }, job: Job): void {
    if (!job.settings.recover) return;
    const { doubts } = this.shared.trust;
    if (bell.kind === 'claim' && bell.verdict === 'run') this.checkAfter(job, Math.max(bell.at, bell.slot));
    else if (bell.kind === 'begun' || (bell.kind === 'taken' && bell.lockRest < 0))
      this.checkAfter(job, bell.at);
    else if (bell.kind === 'dropped') this.checkIn(job, 0, true);
    else if ((bell.kind === 'settled' || bell.kind === 'recovered') && !doubts) {
      this.checks.clear(job.name);
      this.waiting.remove(job);
    }
  }

  /** Recovers a run if there is one. Called after a hire, after connecting, and after a run that delayed a recovery. */
  check(job: Job): void {
    if (!job.settings.recover || job.isDismissed || job.recovering || this.shared.pauses.stopped) return;
    // A slot that was won here but could not begin in time looks like one whose run died. It is claimed again instead.
    if (job.wonWith !== null) {
      this.checkIn(job, job.settings.ttlMs, true);
      return;
    }
    if (!this.on.places.hasRoom) {
      this.waiting.add(job);
      return;
    }
    void this.shared.track(this.recover(job)).finally(() => {
      job.recovering = null;
    });
  }

  checkAll(): void {
    turns.each(this.shared.jobs.values(), (job) => this.check(job));
  }

  clockJumped(): void {
    this.checks.realign();
  }

  dismissed(job: Job): void {
    this.checks.clear(job.name);
    this.waiting.remove(job);
  }

  stop(): void {
    this.checks.stop();
    this.waiting.clear();
  }

  /** Reports what was taken, could not begin before its lock expired, and is no longer noted in Redis. */
  private giveUp(job: Job, { token, slot, lockedAt }: Late): void {
    this.on.notRun(job, token);
    if (slot === null) {
      const message = `the lock of '${job.name}' (ttl ${job.settings.ttlMs} ms) expired before the demand of a run that died could be run once more`;
      this.shared.teller.trouble(new BossmanError('LOCK_LOST', message, job.name), 'late take');
    } else if (job.firedBy <= lockedAt && this.shared.teller.hears('skip')) {
      this.shared.teller.tell('skip', { job: job.name, slot, through: slot, why: 'expired' });
    }
  }

  /** A run began at this time: checks when its lock would expire. */
  private checkAfter(job: Job, begunAt: number): void {
    const began = begunAt - this.shared.clock.now();
    this.checkIn(job, job.settings.ttlMs + Math.min(Math.ceil(EARLY), began), this.shared.trust.doubts);
  }

  /** @param atLatest if a check is set for an earlier time, keep that */
  private checkIn(job: Job, ms: number, atLatest = false): void {
    // Before the first answer, the check after the hire is still to come.
    if (!this.shared.clock.known) return;
    const dueAt = this.shared.clock.now() + Math.max(0, ms) + 1 + this.shared.fleetSize.randomWait();
    if (atLatest) this.checks.hasten(job.name, dueAt);
    else this.checks.set(job.name, dueAt);
  }

  private onCheck(name: string): void {
    const job = this.shared.jobs.get(name);
    if (job) this.check(job);
  }

  /**
   * The same token is sent until there is an answer, so that the script recognises a repeated command. What was taken, but
   * whose lock expired before it could begin, is released and taken again, or, during a quit, left to others.
   */
  private async recover(job: Job): Promise<void> {
    const { store, retries, pauses, clock } = this.shared;
    const { places } = this.on;
    const { ttlMs } = job.settings;
    for (let late: Late | null = null; ; ) {
      const token = store.nextToken();
      const again: string | null = late?.token ?? null;
      job.recovering = again === null ? [token] : [again, token];
      const send = (): Promise<RecoverReply> => store.recover(job.name, token, ttlMs, job.settings, again);
      const reply: RecoverReply | null = await retries.until('recovery', job.name, () => places.send(send), {
        waits: DUE,
      });
      if (!reply) {
        // This instance stops: another one runs it.
        if (again !== null)
          await retries.once('recovery', job.name, () =>
            store.recover(job.name, token, 0, job.settings, again),
          );
        return;
      }
      const { verdict, slot, demandedAt, at: lockedAt, lockEndsAt }: RecoverReply = reply;
      if (verdict === 'held') this.checkIn(job, reply.lockRest);
      if (verdict === 'none' && late) this.giveUp(job, late);
      const isLate = verdict === 'yours' && (this.on.hasGivenUp() || clock.now() >= lockEndsAt);
      if (verdict === 'yours' && !isLate)
        this.on.won(job, { slot, demandedAt, recovered: true, token, lockedAt, lockEndsAt });
      places.leave();
      if (!isLate) return;
      late = { token, slot, lockedAt };
      await pauses.pause(DUE.first);
    }
  }
}
