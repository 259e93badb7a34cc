import { BossmanError } from '../errors';
import type { Job } from '../job';
import { explained } from '../redis/refusals';
import type { SettleReply } from '../redis/replies';
import type { SettleRequest } from '../redis/requests';
import type { Shared } from '../shared';
import { Sweeps } from './sweeps';

/** What a run is settled with, save for what follows from the job and the instance. */
export type Outcome = Pick<SettleRequest, 'startedAt' | 'run' | 'details' | 'failed' | 'work'>;

/** What was won is not run. */
export const NOT_RUN: Outcome = { startedAt: 0, run: '', details: '', failed: false, work: 'over' };

/** Redis says nothing that anybody has to act on. */
export const NOTHING_REVEALED: SettleReply = { demandIn: -1, recoverable: false };

/** Releases the locks of runs, and records the runs. */
export class Settling {
  private readonly sweeps: Sweeps;

  /** @param isLeaving the instance quits: a demand that waits is for somebody else */
  constructor(
    private readonly shared: Shared,
    private readonly isLeaving: () => boolean,
  ) {
    const { clock, jobs } = shared;
    this.sweeps = new Sweeps(
      () => clock.monotonic(),
      (name) => jobs.has(name),
    );
  }

  /**
   * Reports what Redis refuses, and never rejects.
   *
   * @returns what that reveals of the job: a demand that waits, and a run to recover
   */
  async settle(job: Job, token: string, outcome: Outcome): Promise<SettleReply> {
    const { name } = job;
    const { store, fleetSize, teller } = this.shared;
    try {
      const revealed = await this.settleOrSweep({
        name,
        token,
        ...outcome,
        leaving: this.isLeaving(),
        listeners: fleetSize.count,
        sequence: store.nextSequence(),
        history: job.settings.history,
      });
      teller.over('settle');
      return revealed;
    } catch (cause) {
      const message = `the end of a run of '${name}' could not be recorded (${explained(cause)}); its lock will expire`;
      teller.trouble(new BossmanError('COMMAND', message, name, cause), 'settle');
      return NOTHING_REVEALED;
    }
  }

  private async settleOrSweep(request: SettleRequest): Promise<SettleReply> {
    const names = this.sweeps.next();
    if (names === null) return this.shared.store.settle(request);
    const { old, ...reply } = await this.shared.store.settleAndSweep(request, names);
    this.sweeps.found(old);
    return reply;
  }
}
