import { BossmanError, retryError } from '../errors';
import type { Teller } from '../events';
import type { Bell } from '../hints/bell';
import type { Fleet } from '../hints/fleet-size';
import type { Trust } from '../hints/trust';
import type { Job } from '../job';
import type { Store } from '../redis/store';
import type { Ticket } from '../runs/runner';
import { Alarms } from '../time/alarms';
import type { RedisClock } from '../time/clock';
import type { Pauses } from '../time/pauses';
import { turns } from '../time/turns';
import { EARLY } from './slots';

/** ms after which a command that Redis refused is sent again. */
const RETRY = 200;

/**
 * Slots and demands whose run has died, or was given up by a quit, of jobs hired with `recover`. Such a run is noted until
 * it is settled; everybody else looks when its lock would end, unless the bell says before that the run is settled, or that
 * its instance has quit and its work has ended.
 */
export class Recoveries {
  private readonly looks: Alarms;

  constructor(
    private readonly jobs: ReadonlyMap<string, Job>,
    private readonly store: Store,
    private readonly clock: RedisClock,
    private readonly fleet: Fleet,
    private readonly trust: Trust,
    private readonly teller: Teller,
    private readonly pauses: Pauses,
    private readonly on: {
      recovered: (job: Job, ticket: Ticket) => void;
      /** It was taken too late: the run that was noted with this token does not begin. */
      notRun: (job: Job, token: string) => void;
      track: <T>(promise: Promise<T>) => Promise<T>;
    },
  ) {
    this.looks = new Alarms(
      () => clock.now(),
      (name) => this.onLook(name),
    );
  }

  onBell(bell: Bell & { name: string }, job: Job): void {
    if (!job.settings.recover) return;
    const { doubts } = this.trust;
    if (bell.kind === 'claim' && bell.verdict === 'run') this.lookAfter(job, Math.max(bell.at, bell.slot));
    else if (bell.kind === 'begun' || (bell.kind === 'taken' && bell.lockRest < 0))
      this.lookAfter(job, bell.at);
    else if (bell.kind === 'dropped') this.lookIn(job, 0, true);
    else if ((bell.kind === 'settled' || bell.kind === 'recovered') && !doubts) this.looks.clear(job.name);
  }

  /** Something may have been missed: after a hire, a connection, or a run that held up the recovery of another. */
  look(job: Job): void {
    if (!job.settings.recover || job.recovering || this.pauses.stopped) return;
    // A slot that this instance has won, and could not begin in time, looks like one whose run died. It is claimed again.
    if (job.wonWith !== null) {
      this.lookIn(job, job.settings.ttlMs, true);
      return;
    }
    job.recovering = true;
    void this.on.track(this.recover(job)).finally(() => {
      job.recovering = false;
    });
  }

  lookAll(): void {
    turns.each(this.jobs.values(), (job) => this.look(job));
  }

  realign(): void {
    this.looks.realign();
  }

  stop(): void {
    this.looks.stop();
  }

  private tooLate(job: Job, token: string, slot: number | null): void {
    this.on.notRun(job, token);
    if (slot !== null) {
      if (this.teller.hears('skip'))
        this.teller.tell('skip', { job: job.name, slot, through: slot, why: 'expired' });
      return;
    }
    const message = `the lock of '${job.name}' (ttl ${job.settings.ttlMs} ms) had ended before a demand whose run died could be run once more`;
    this.teller.trouble(new BossmanError('LOCK_LOST', message, job.name), 'late take');
  }

  /** A run has begun then: looks when its lock would end. */
  private lookAfter(job: Job, begunAt: number): void {
    const began = begunAt - this.clock.now();
    this.lookIn(job, job.settings.ttlMs + Math.min(Math.ceil(EARLY), began), this.trust.doubts);
  }

  /** @param atLatest a look that is set for an earlier time stays */
  private lookIn(job: Job, ms: number, atLatest = false): void {
    // Before the first answer the hire's own look is still to come.
    if (!this.clock.known) return;
    const dueAt = this.clock.now() + Math.max(0, ms) + 1 + this.fleet.randomWait();
    if (atLatest) this.looks.hasten(job.name, dueAt);
    else this.looks.set(job.name, dueAt);
  }

  private onLook(name: string): void {
    const job = this.jobs.get(name);
    if (job) this.look(job);
  }

  /** The token stays until there is an answer, so a command that went unanswered is known. */
  private async recover(job: Job): Promise<void> {
    const token = this.store.nextToken();
    while (!this.pauses.stopped) {
      try {
        const { verdict, slot, demandedAt, lockRest, at, lockEndsAt } = await this.store.recover(
          job.name,
          token,
          job.settings.ttlMs,
          job.settings,
        );
        this.teller.over('recover', job.name);
        if (verdict === 'held') this.lookIn(job, lockRest);
        else if (verdict === 'yours') {
          if (this.clock.now() < lockEndsAt)
            this.on.recovered(job, {
              slot,
              demandedAt,
              recovered: true,
              token,
              lockedAt: at,
              lockEndsAt,
            });
          // It is not recovered twice, so nobody else will run it.
          else this.tooLate(job, token, slot);
        }
        return;
      } catch (cause) {
        this.teller.trouble(retryError('recovery', job.name, cause), 'recover');
        await this.pauses.pause(RETRY);
      }
    }
  }
}
