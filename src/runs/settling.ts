import { BossmanError } from '../errors';
import type { Job } from '../job';
import { explained } from '../redis/refusals';
import type { SettleReply } from '../redis/replies';
import type { SettleRequest } from '../redis/requests';
import type { Shared } from '../shared';
import { Sweeps } from './sweeps';

/** The part of a settle request that depends on the run. */
export type Outcome = Pick<SettleRequest, 'startedAt' | 'run' | 'details' | 'failed' | 'work'>;

/** A slot or demand that was won but did not run. */
export const NOT_RUN: Outcome = { startedAt: 0, run: '', details: '', failed: false, work: 'over' };

/** An answer that requires no action. */
export const NOTHING_REVEALED: SettleReply = { demandIn: -1, recoverable: false };

/** Releases the locks of runs, and records the runs. */
export class Settling {
  private readonly sweeps: Sweeps;

  /** @param isLeaving whether the instance is quitting and leaves waiting demands to others */
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
   * Reports a refusal, and never rejects.
   *
   * @returns whether a demand of the job waits, or a run can be recovered
   */
  async settle(job: Job, token: string, outcome: Outcome): Promise<SettleReply> {
    const { name } = job;
    const { store, fleetSize, teller } = this.shared;
    try {
      const names = this.sweeps.next();
      const request: SettleRequest = {
        name,
        token,
        ...outcome,
        leaving: this.isLeaving(),
        listeners: fleetSize.count,
        sequence: store.nextSequence(),
        history: job.settings.history,
      };
      const revealed = await (names === null ? store.settle(request) : this.settleAndSweep(request, names));
      teller.over('settle');
      return revealed;
    } catch (cause) {
      const message = `the end of a run of '${name}' could not be recorded (${explained(cause)}); its lock will expire`;
      teller.trouble(new BossmanError('COMMAND', message, name, cause), 'settle');
      return NOTHING_REVEALED;
    }
  }

  private async settleAndSweep(request: SettleRequest, names: string[]): Promise<SettleReply> {
    const { old, ...reply } = await this.shared.store.settleAndSweep(request, names);
    this.sweeps.found(old);
    return reply;
  }
}
