import { BossmanError } from '../errors';
import type { Job, KnownPlan } from '../job';
import type { PlanReply, StoredPlan } from '../redis/replies';
import type { Waiter } from '../redis/waiter';
import { parsePlan } from '../schedule/schedule';
import { FIRED } from '../scripts/generated';
import type { Shared } from '../shared';
import { SYNC } from '../time/retry';
import { turns } from '../time/turns';
import { Hires } from './hires';
import type { PausedJobs } from './paused-jobs';

/** How many jobs one command asks about, so that Redis can serve other clients in between. */
const PAGE = 500;
/** ms between two syncs of a job that are caused by hints: there may be hundreds of hints per second. */
const SYNC_AGAIN = 50;

/**
 * Keeps the plans in Redis and the known plans of the jobs up to date: by hire, by fire, and by a sync whenever a message or
 * Redis' data may have been lost. Of two plans of a job, the one with the higher stamp wins, no matter who hired it.
 */
export class Plans {
  private readonly hires: Hires;

  constructor(
    private readonly shared: Shared,
    private readonly paused: PausedJobs,
    private readonly on: {
      /** The job's next slot has changed, or there is none. `isAnotherPlan`: it belongs to a different plan than before. */
      changed: (job: Job, isAnotherPlan: boolean) => void;
      /** A job follows a different plan than our own. */
      following: () => void;
      /** A demand of the job waits, and can be taken in `inMs`. */
      demandWaits: (job: Job, inMs: number) => void;
    },
  ) {
    this.hires = new Hires(shared, {
      stored: (job, schedule, reply) => {
        if (reply.verdict !== 'stale' && this.paused.learn(job.name, reply.pause)) void this.sync(job);
        // Even after a later call of ours, because that may be refused; the stamps decide.
        if (reply.verdict !== 'stale' && job.settings.schedule === schedule) this.learn(job, reply);
        if (reply.demandIn >= 0) this.on.demandWaits(job, reply.demandIn);
      },
    });
  }

  /** Stores the job's plan. Reports the first refusal, and keeps trying. */
  hire(job: Job, waiter: Waiter<void>): void {
    const { schedule } = job.settings;
    job.lastCall = this.shared.store.nextSequence();
    if (schedule) {
      this.hires.send(job, schedule, waiter);
      return;
    }
    job.known = null;
    this.on.changed(job, false);
    this.syncOnce(job).then(
      () => waiter.answered(),
      (cause: unknown) => {
        void this.shared.pauses.pause(SYNC.first).then((goOn) => (goOn ? this.sync(job) : undefined));
        waiter.refused(cause);
      },
    );
  }

  async fire(name: string): Promise<void> {
    const job = this.shared.jobs.get(name);
    const call = this.shared.store.nextSequence();
    if (job) job.lastCall = call;
    const { stamp, slot } = await this.shared.store.fire(name, call);
    if (job && slot >= FIRED) this.learn(job, { stamp, slot, plan: '' });
  }

  /**
   * The job is no longer hired here. Commands in flight are not retried and their answers are ignored; a slot that was won is
   * released.
   */
  dismiss(job: Job): void {
    job.isDismissed = true;
    job.lastCall = this.shared.store.nextSequence();
    job.known = null;
    job.firedBy = Number.POSITIVE_INFINITY;
    this.on.changed(job, false);
  }

  /** Replaces a plan that no instance hires any more by our own, unless the job is fired meanwhile. */
  armAgain(job: Job): void {
    if (!job.settings.schedule) return;
    job.lastCall = this.shared.store.nextSequence();
    void this.hires.sendUntilTaken(job, job.settings.schedule, job.lastCall, job.known?.stamp ?? 0, 0);
  }

  /**
   * Redis was unreachable: restores what it lost, and finds what was missed. A hire without an answer needs no sync, because it
   * is sent again now.
   */
  restoreAll(): void {
    turns.each(this.shared.jobs.values(), (job) => {
      if (!isUnanswered(job) && !this.shared.pauses.stopped) void this.sync(job);
    });
  }

  /** The bell was not heard for a while: finds what was missed, including hires whose answer is still on its way. */
  syncAll(): void {
    this.restoreAll();
    this.syncDemanded([...this.shared.jobs.values()].filter(isUnanswered));
  }

  /** Asks about many jobs in one command, because thousands may be hired at the start. */
  syncDemanded(jobs = [...this.shared.jobs.values()]): void {
    for (let from = 0; from < jobs.length; from += PAGE)
      void this.syncDemandedOf(jobs.slice(from, from + PAGE));
  }

  private async syncDemandedOf(jobs: Job[]): Promise<void> {
    const waiting = await this.shared.store
      .demanded(jobs.map(({ name }) => name))
      .catch(() => jobs.map(() => true));
    turns.each(jobs.entries(), ([index, job]) => {
      if (waiting[index] && !this.shared.pauses.stopped) void this.sync(job);
    });
  }

  /**
   * Like `sync`, but caused by a hint: a job that was synced just before is synced once more after a short wait, for all hints
   * that arrive meanwhile.
   */
  syncSoon(job: Job): void {
    const wait = SYNC_AGAIN - (this.shared.clock.monotonic() - job.syncedAt);
    if (job.syncing || !(wait > 0)) {
      void this.sync(job);
      return;
    }
    job.syncing = true;
    void this.shared.pauses.pause(wait).then((goOn) => {
      job.syncing = false;
      if (goOn) void this.sync(job);
    });
  }

  /**
   * Sends what we know of the job's plan, and learns what Redis stores. One sync at a time per job; calls meanwhile lead to one
   * more.
   */
  async sync(job: Job): Promise<void> {
    if (job.syncing) {
      job.syncAgain = true;
      return;
    }
    job.syncing = true;
    job.syncedAt = this.shared.clock.monotonic();
    const send = async () => {
      job.syncAgain = false;
      await this.syncOnce(job);
      return true;
    };
    const isWanted = () => !job.isDismissed;
    do await this.shared.retries.until('sync', job.name, send, { waits: SYNC, isWanted });
    while (job.syncAgain && isWanted() && !this.shared.pauses.stopped);
    job.syncing = false;
  }

  private async syncOnce(job: Job): Promise<void> {
    const { lastCall, known } = job;
    const stored = await this.bringBack(job, known);
    // Before the first answer to a hire there is no known plan to compare with.
    if (job.lastCall === lastCall && known && stored.verdict !== 'none') this.learn(job, stored);
    if (stored.demandIn >= 0) this.on.demandWaits(job, stored.demandIn);
  }

  /** Restores what is known here in case Redis was emptied, and returns what is stored. */
  async bringBack(job: Job, known: KnownPlan | null): Promise<PlanReply> {
    const plan = known && { ...known, plan: known.text };
    const stored = await this.shared.store.restore(job.name, plan, this.paused.of(job.name));
    this.paused.learn(job.name, stored.pause);
    return stored;
  }

  /** A slot of the plan was claimed or has passed; `slot` is the next one. */
  moveOn(known: KnownPlan, slot: number): void {
    known.slot = slot;
  }

  /** Learns what Redis stores for a job that is hired here. */
  learn(job: Job, stored: StoredPlan): void {
    const own = job.settings.schedule;
    if (!own || job.isDismissed) return;
    const { known } = job;
    if (known && (stored.stamp < known.stamp || (stored.stamp === known.stamp && stored.slot < known.slot))) {
      // Redis restarted with older data, or the bell overtook this answer.
      if (stored.stamp < known.stamp) void this.sync(job);
      this.on.changed(job, false);
      return;
    }
    const fired = stored.slot >= FIRED;
    if (fired) job.firedBy = stored.stamp;
    const schedule = fired ? null : stored.plan === own.plan ? own : parsePlan(stored.plan);
    if (!fired && !schedule) {
      this.shared.teller.trouble(
        new BossmanError(
          'FOREIGN_VALUE',
          `job ${job.name}: '${stored.plan}' is not a plan; storing '${own.plan}'`,
          job.name,
        ),
      );
      this.armAgain(job);
      return;
    }
    const before = job.known?.text ?? own.plan;
    if (schedule && known) this.tellPassed(job, known, stored);
    // Share our own text if it is the same, so that thousands of jobs need no copies.
    const text = schedule === own ? own.plan : stored.plan;
    job.known = { stamp: stored.stamp, slot: stored.slot, schedule, text };
    if (job.following) this.on.following();
    if (schedule && stored.plan !== before && stored.plan !== own.plan && this.shared.teller.hears('plan')) {
      this.shared.teller.tell('plan', { job: job.name, plan: stored.plan, own: own.plan });
    }
    this.on.changed(job, known?.stamp !== stored.stamp);
  }

  /**
   * The plan started over in an emptied Redis: reports the slots of the old grid that passed meanwhile, up to the pause if the
   * job is paused.
   */
  private tellPassed(job: Job, known: KnownPlan, stored: StoredPlan): void {
    const pause = this.paused.covers(job.name, known.slot) ? this.paused.of(job.name) : null;
    const end = Math.min(stored.slot, this.shared.clock.now(), pause?.since ?? Number.POSITIVE_INFINITY);
    if (!known.schedule || known.stamp === stored.stamp || known.text !== stored.plan || known.slot >= end)
      return;
    if (!this.shared.teller.hears('skip')) return;
    const through = known.schedule.previous(known.slot, end - 1) ?? known.slot;
    this.shared.teller.tell('skip', { job: job.name, slot: known.slot, through, why: 'missed' });
  }
}

/** Redis has not answered the first hire of the job. */
function isUnanswered({ known, settings }: Job): boolean {
  return known === null && settings.schedule !== null;
}
