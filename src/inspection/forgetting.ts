import { BossmanError } from '../errors';
import type { InstanceInfo } from '../info';
import type { Job } from '../job';
import type { PausedJobs } from '../plans/paused-jobs';
import type { Plans } from '../plans/plans';
import type { Runner } from '../runs/runner';
import type { Part, Shared } from '../shared';
import type { Overview } from './overview';
import type { Roll } from './roll-call';

/** The instances that hire the job, or still run it. */
export function holdersOf(name: string, instances: readonly InstanceInfo[]): InstanceInfo[] {
  return instances.filter(
    ({ jobs, running }) => jobs.some((job) => job.name === name) || running.some(({ job }) => job === name),
  );
}

/** The other parts of an instance that keep data about a job. */
interface Knowing {
  readonly jobs: Map<string, Job>;
  readonly parts: readonly Part[];
  readonly plans: Plans;
  readonly paused: PausedJobs;
  readonly runner: Runner;
  readonly overview: Overview;
}

/** Removes jobs from an instance, and deletes their data in Redis if no other instance needs it. */
export class Forgetting {
  /** The roll call in progress; settles when it ends. */
  private calling: Promise<unknown> = Promise.resolve();
  /** The roll call after that one. */
  private next: Promise<Roll> | null = null;

  constructor(
    private readonly shared: Pick<Shared, 'store' | 'teller'>,
    private readonly of: Knowing,
  ) {}

  /** Rejects if another instance hires the job, or if that is unknown. */
  async forget(name: string): Promise<boolean> {
    const { store, teller } = this.shared;
    const { jobs, plans, parts, paused, runner } = this.of;
    const job = jobs.get(name);
    jobs.delete(name);
    if (job) {
      plans.dismiss(job);
      for (const part of parts) part.dismissed?.(job);
    }
    const { instances, silence } = await this.callRoll();
    const isOwn = ({ id }: InstanceInfo) => id === store.instance;
    // Runs in progress here leave no data.
    const others = holdersOf(name, instances).filter((instance) => !isOwn(instance) || jobs.has(name));
    if (others.length > 0) {
      const who = others.map(({ host, pid }) => `${host}:${pid}`).join(', ');
      throw notForgotten(name, `it is hired, or runs, in ${who}`);
    }
    if (silence !== null) throw notForgotten(name, `another instance may hire it: ${silence}`);
    if (jobs.has(name)) throw notForgotten(name, 'this instance has hired it again');
    // Sent later, they would restore part of the data.
    runner.record(name, job, false);
    const { deleted, demandedAt } = await store.forget(name).catch((cause) => {
      runner.record(name, job, true);
      throw cause;
    });
    paused.forget(name);
    if (demandedAt !== null) {
      const message = `'${name}' was forgotten, so its demand of ${new Date(demandedAt).toISOString()} will not run`;
      teller.trouble(new BossmanError('FORGET', message, name));
    }
    return deleted;
  }

  /**
   * Shares roll calls, because thousands of jobs may be forgotten at once. A roll call already in progress may have
   * been answered before this job was removed.
   */
  private callRoll(): Promise<Roll> {
    this.next ??= this.calling.then(() => {
      const roll = this.of.overview.wholeRoll();
      this.next = null;
      this.calling = roll.catch(() => {});
      return roll;
    });
    return this.next;
  }
}

function notForgotten(name: string, why: string): BossmanError {
  return new BossmanError('FORGET', `'${name}' is not forgotten: ${why}`, name);
}
