import { BossmanError } from '../errors';
import type { Shared } from '../shared';
import { type Calls, tally } from '../telling/calls';
import { ANSWERS_WITHIN } from './departure';
import type { Runner } from './runner';

/**
 * Waits for the runs and calls of an instance that quits, and gives up on runs that take too long.
 *
 * @param abandonSlots gives back the slots that were won, before runs are given up
 * @param timeout the longest wait for runs, in ms; null: the default of `QuitOptions.timeout`
 * @returns a function that returns how many ms Redis still has to answer commands in flight
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
  // A claim in flight may still begin a run, so wait for runs and calls in turn.
  do {
    await runner.wait();
    if (runner.busy > 0) break;
    answersBy = clock.monotonic() + patience;
    await calls.drain(rest);
  } while (runner.busy > 0);
  // Slots that are won from here on begin no run, because quit would not wait for it.
  await abandonSlots();
  const abandoned = await runner.giveUp(ANSWERS_WITHIN);
  if (abandoned.length > 0) {
    answersBy = clock.monotonic() + ANSWERS_WITHIN;
    const message = `quit gave up on runs that had not ended: ${tally(abandoned.map((job) => `'${job}'`))}`;
    teller.trouble(new BossmanError('QUIT', message));
  }
  return rest;
}
