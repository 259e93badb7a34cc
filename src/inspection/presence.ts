import { hostname } from 'node:os';
import type { InstanceInfo } from '../info';
import { version } from '../scripts/generated';
import type { Shared } from '../shared';
import type { Answer } from './answers';
import { applicationOfProcess } from './application';

/** Answers roll calls: what this instance is, hires and runs. Sends nothing unasked. */
export class Presence {
  private readonly madeAt: number;
  /** ms on Redis' clock. Computed once, because the estimate of that clock moves by fractions of a ms. */
  private since: number | null = null;

  constructor(
    private readonly shared: Pick<Shared, 'jobs' | 'store' | 'clock'>,
    private readonly running: () => InstanceInfo['running'],
  ) {
    this.madeAt = shared.clock.monotonic();
  }

  /** Never rejects: an instance whose answer is lost counts as absent. */
  async answer(roll: string): Promise<void> {
    try {
      await this.shared.store.peers.present(roll, JSON.stringify(await this.describe()));
    } catch {}
  }

  async describe(): Promise<Answer> {
    // An instance that has neither hired nor demanded has not read Redis' clock yet.
    if (!this.shared.clock.known) await this.shared.store.readClock();
    const jobs: Record<string, string[]> = {};
    for (const { name, settings } of this.shared.jobs.values()) {
      const plan = settings.schedule?.plan ?? '';
      jobs[plan] ??= [];
      jobs[plan].push(name);
    }
    this.since ??= Math.round(this.shared.clock.now() - (this.shared.clock.monotonic() - this.madeAt));
    return {
      host: hostname(),
      pid: process.pid,
      version,
      application: applicationOfProcess(),
      since: this.since,
      jobs,
      running: this.running(),
    };
  }
}
