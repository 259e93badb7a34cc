import type { Bell } from '../hints/bell';
import type { Job } from '../job';
import type { Shared } from '../shared';
import type { Timer } from '../time/timers';

/** ms between two roll calls, the one thing that an instance does unasked: and only while it follows another's plan. */
const EVERY = 30_000;
/** ms in which whoever hires the stored plan has answered. */
const ANSWER_WITHIN = 1000;

/**
 * Jobs for which the fleet follows another plan than this instance's own. When nobody is left who hires that plan, ours
 * is stored again. Who hires it is asked on the bell: `roll`, answered by `here`; what asks for all instances, whatever
 * they hire, is RollCall.
 *
 * States of a job: following → called (a roll call is under way, ours or another's) → following, when somebody answered,
 * or the plan is ours again.
 */
export class Followers {
  private readonly called = new Map<Job, { answered: boolean }>();
  private timer: Timer | null = null;

  constructor(
    private readonly shared: Shared,
    private readonly on: {
      /** Nobody is left who hires the plan that the fleet follows: ours is stored again. */
      unfollowed: (job: Job) => void;
    },
  ) {}

  /** To be called when a job begins to follow another plan. */
  watch(): void {
    if (!this.shared.pauses.stopped) this.timer ??= this.shared.time.each(EVERY, () => this.callAll());
  }

  /** An instance left: perhaps the last one that hired the plan we follow. */
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

  /** @param aloud false when somebody else called the roll just now */
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
