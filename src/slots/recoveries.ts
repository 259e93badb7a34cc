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

/**
 * Slots and demands whose run has died, or was given up by a quit, of jobs hired with `recover`. Such a run is noted until
 * it is settled; everybody else checks when its lock would end, unless the bell says before that the run is settled, or that
 * its instance has quit and its work has ended.
 */
export class Recoveries {
  private readonly checks: Alarms;
  /** Jobs to check when there is room for a run. */
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

  /** Something may have been missed: after a hire, a connection, or a run that held up the recovery of another. */
  check(job: Job): void {
    if (!job.settings.recover || job.isDismissed || job.recovering || this.shared.pauses.stopped) return;
    // A slot that this instance has won, and could not begin in time, looks like one whose run died. It is claimed again.
    if (job.wonWith !== null) {
      this.checkIn(job, job.settings.ttlMs, true);
      return;
    }
    if (!this.on.places.hasRoom) {
      this.waiting.add(job);
      return;
    }
    job.recovering = true;
    void this.shared.track(this.recover(job)).finally(() => {
      job.recovering = false;
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

  private tooLate(job: Job, token: string, slot: number | null): void {
    this.on.notRun(job, token);
    if (slot !== null) {
      if (this.shared.teller.hears('skip'))
        this.shared.teller.tell('skip', { job: job.name, slot, through: slot, why: 'expired' });
      return;
    }
    const message = `the lock of '${job.name}' (ttl ${job.settings.ttlMs} ms) expired before the demand of a run that died could be run once more`;
    this.shared.teller.trouble(new BossmanError('LOCK_LOST', message, job.name), 'late take');
  }

  /** A run has begun then: checks when its lock would end. */
  private checkAfter(job: Job, begunAt: number): void {
    const began = begunAt - this.shared.clock.now();
    this.checkIn(job, job.settings.ttlMs + Math.min(Math.ceil(EARLY), began), this.shared.trust.doubts);
  }

  /** @param atLatest a check that is set for an earlier time stays */
  private checkIn(job: Job, ms: number, atLatest = false): void {
    // Before the first answer the hire's own check is still to come.
    if (!this.shared.clock.known) return;
    const dueAt = this.shared.clock.now() + Math.max(0, ms) + 1 + this.shared.fleetSize.randomWait();
    if (atLatest) this.checks.hasten(job.name, dueAt);
    else this.checks.set(job.name, dueAt);
  }

  private onCheck(name: string): void {
    const job = this.shared.jobs.get(name);
    if (job) this.check(job);
  }

  /** The token stays until there is an answer, so a command that went unanswered is known. */
  private async recover(job: Job): Promise<void> {
    const { store, retries } = this.shared;
    const token = store.nextToken();
    const { ttlMs } = job.settings;
    const send = () => store.recover(job.name, token, ttlMs, job.settings);
    const { places } = this.on;
    const reply = await retries.until('recovery', job.name, () => places.send(send), { waits: DUE });
    if (!reply) return;
    if (reply.verdict === 'held') this.checkIn(job, reply.lockRest);
    if (reply.verdict === 'yours') this.recovered(job, token, reply);
    places.leave();
  }

  private recovered(job: Job, token: string, reply: RecoverReply): void {
    const { slot, demandedAt, at: lockedAt, lockEndsAt } = reply;
    if (this.shared.clock.now() < lockEndsAt)
      this.on.won(job, { slot, demandedAt, recovered: true, token, lockedAt, lockEndsAt });
    // It is not recovered twice, so nobody else will run it.
    else this.tooLate(job, token, slot);
  }
}
