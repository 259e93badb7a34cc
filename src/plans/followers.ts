import type { Bell } from '../hints/bell';
import type { Job } from '../job';
import type { Shared } from '../shared';
import type { Timer } from '../time/timers';

/** ms between two roll calls. This is all that an idle instance sends, and only while it follows another plan. */
const EVERY = 30_000;
/** ms within which an instance that hires the stored plan answers. */
const ANSWER_WITHIN = 1000;

/**
 * Jobs for which the fleet follows a different plan than this instance's own. When no instance hires that plan any more, ours
 * is stored again. Instances ask on the bell who hires it: `roll`, answered by `here`. (RollCall asks for all instances,
 * whatever they hire.)
 *
 * States of a job: following → called (a roll call is in progress, ours or another's) → following, if an instance answered;
 * otherwise our plan is stored.
 */
export class Followers {
  private readonly called = new Map<Job, { answered: boolean }>();
  private timer: Timer | null = null;

  constructor(
    private readonly shared: Shared,
    private readonly on: {
      /** No instance hires the plan that the fleet follows: store ours again. */
      unfollowed: (job: Job) => void;
    },
  ) {}

  /** Call this when a job begins to follow another plan. */
  watch(): void {
    if (!this.shared.pauses.stopped) this.timer ??= this.shared.time.each(EVERY, () => this.callAll());
  }

  /** An instance quit, perhaps the last one that hired the plan we follow. */
  onQuit(): void {
    this.callAll();
  }

  onBell(bell: Bell & { name: string }, job: Job): void {
    if (bell.kind === 'here') {
      const call = this.called.get(job);
      if (call) call.answered = true;
    } else if (bell.kind === 'roll') {
      if (job.following) void this.call(job, false);
      else if (job.known?.schedule) this.shared.store.peers.ring('here', job.name).catch(() => {});
    }
  }

  stop(): void {
    this.shared.time.cancel(this.timer);
    this.timer = null;
  }

  private callAll(): void {
    let following = false;
    for (const job of this.shared.jobs.values()) {
      if (!job.following) continue;
      following = true;
      void this.call(job, true);
    }
    if (!following) this.stop();
  }

  /** @param aloud false if another instance has just called the roll */
  private async call(job: Job, aloud: boolean): Promise<void> {
    if (this.called.has(job)) return;
    const call = { answered: false };
    this.called.set(job, call);
    try {
      if (aloud) {
        if (!(await this.shared.pauses.pause(this.shared.fleetSize.randomWait()))) return;
        await this.shared.store.peers.ring('roll', job.name);
      }
      if (!(await this.shared.pauses.pause(ANSWER_WITHIN))) return;
      if (!call.answered && job.following) this.on.unfollowed(job);
    } catch {
      // The bell is a hint; the next roll call is half a minute away.
    } finally {
      this.called.delete(job);
    }
  }
}
