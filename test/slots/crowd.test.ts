import { randomBytes } from 'node:crypto';
import { type Round, raiseCrowd } from '../crowd/raise';
import { makeFleet } from '../support/fleet';
import { testUrl } from '../support/redis';

const fleet = makeFleet();
// Half a minute for each, and as long again on a busy machine.
jest.setTimeout(120_000);

/*
 * Thousands of cron jobs that are due in the same second; `npm run crowd` does the same with more of them. Each claim that
 * computed its slot by itself would take a process a quarter of a second at once.
 */
const JOBS = 1500;
/** ms of CPU that one turn of the event loop may take. With slices, it was 24 to 40 on a loaded machine. */
const LONGEST_WORK = 150;

function verdictOf(rounds: Round[]) {
  return rounds.map(({ missing, doubled, longestWorkMs, skips, errors }) => ({
    missing,
    doubled,
    isBlocked: longestWorkMs > LONGEST_WORK,
    skips,
    errors,
  }));
}

test.each([
  ['one process that other work takes a third of', { processes: 1, shared: false, busyMs: 33 }],
  ['four processes that all hired them', { processes: 4, shared: true, busyMs: 0 }],
])('%s runs each of many jobs that are due at once, once', async (_, crowd) => {
  const prefix = `${fleet.prefix}-${randomBytes(4).toString('hex')}`;
  const options = { ...crowd, jobs: JOBS, plan: 'cron', rounds: 1, everyS: 10 } as const;
  const rounds = await raiseCrowd({ url: testUrl(), prefix }, options);
  const good = { missing: 0, doubled: 0, isBlocked: false, skips: {}, errors: [] };
  expect(verdictOf(rounds)).toEqual([good]);
});
