import { BossmanError, causeOf, isError, messageOf } from '../errors';
import type { LostEvent, Teller } from '../events';
import type { Ending } from '../redis/records';
import type { Run } from './run';

/** Reports that the run continues without its lock or its instance. */
export function tellLost(teller: Teller, { event }: Run, why: LostEvent['why']): void {
  const { job, slot, demandedAt } = event;
  if (teller.hears('lost')) teller.tell('lost', { job, slot, demandedAt, why });
}

/** Reports the outcome of the run. */
export function tellEnd(teller: Teller, { event, reason }: Run, ended: Ending): void {
  if (!('cause' in ended)) {
    if (teller.hears('finish')) teller.tell('finish', { ...event, ...ended });
    return;
  }
  const { job } = event;
  const { cause } = ended;
  if (teller.hears('fail')) teller.tell('fail', { ...event, ...ended });
  // Work that stopped because quit aborted it is reported by `lost` and by the error of the quit.
  if (reason && (cause === reason || causeOf(cause) === reason)) return;
  const twice = isError(cause) && cause instanceof BossmanError && cause.code === 'NEXT_TWICE';
  const message = `a run of '${job}' failed: ${messageOf(cause)}`;
  teller.trouble(new BossmanError(twice ? 'NEXT_TWICE' : 'WORK_FAILED', message, job, cause));
}
