import { BossmanError } from '../errors';
import type { Shared } from '../shared';
import { type Calls, tally } from '../telling/calls';
import { ANSWERS_WITHIN } from './departure';
import type { Runner } from './runner';

/**
 * Waits for the runs and calls of an instance that quits, and gives up on runs that take too long.
 *
 * @param abandonSlots lets go of the slots that were won, before it gives up
 * @param timeout the longest wait for runs, in ms; null: the default of `QuitOptions.timeout`
 * @returns for how many ms, from when it is asked, Redis may still answer what is on its way
 */
export async function waitForRuns(
  runner: Runner,
  calls: Calls,
  abandonSlots: () => Promise<void>,
  { clock, teller }: Pick<Shared, 'clock' | 'teller'>,
  timeout: number | null,
): Promise<() => number> {
  const patience = Math.min(ANSWERS_WITHIN, timeout ?? ANSWERS_WITHIN);
  let answersBy = 0;
  const rest = () => answersBy - clock.monotonic();
  // A claim on its way may still begin a run, so each wait may lead to the other.
  do {
    await runner.wait();
    if (runner.busy > 0) break;
    answersBy = clock.monotonic() + patience;
    await calls.drain(rest);
  } while (runner.busy > 0);
  // What is won from here on begins no run, as nobody would wait for it.
  await abandonSlots();
  const abandoned = await runner.giveUp(ANSWERS_WITHIN);
  if (abandoned.length > 0) {
    answersBy = clock.monotonic() + ANSWERS_WITHIN;
    const message = `quit gave up on runs that had not ended: ${tally(abandoned.map((job) => `'${job}'`))}`;
    teller.trouble(new BossmanError('QUIT', message));
  }
  return rest;
}
