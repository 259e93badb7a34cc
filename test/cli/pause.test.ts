import { timeToCome } from '../../src/cli/time';
import type { JobInfo } from '../../src/info';
import { makeFleet } from '../support/fleet';
import { waitFor } from '../support/wait';
import { cliOf } from './fleet';

const fleet = makeFleet();
const { member, cli, json, job } = cliOf(fleet);

const HOUR = 3_600_000;

test('pause stops a job with a note, list shows it, and resume starts it again', async () => {
  await member({ tick: { every: 100 }, other: { every: '1 hour' } });
  await waitFor('a run', async () => ((await job('tick'))?.runs ?? 0) > 0);
  const { status, stdout } = await cli(
    'pause',
    'tick',
    '--until',
    '2 hours',
    '--note',
    'the bank\u202e is down',
  );
  expect(status).toBe(0);
  expect(stdout).toMatch(
    /^'tick': paused until (\d{4}-\d\d-\d\d )?\d\d:\d\d: the bank\\u202e is down; demands still run\n$/,
  );
  const paused = await job('tick');
  expect(paused?.paused).toMatchObject({ note: 'the bank\u202e is down', by: 'cli' });
  expect((paused?.paused?.until ?? 0) - (paused?.paused?.since ?? 0)).toBe(2 * HOUR);
  // The first slot after that.
  expect((paused?.nextSlot ?? 0) - (paused?.paused?.until ?? 0)).toBeGreaterThanOrEqual(0);
  expect((paused?.nextSlot ?? 0) - (paused?.paused?.until ?? 0)).toBeLessThan(100);

  const list = (await cli('list')).stdout.split('\n');
  expect(list[0]).toMatch(/, 0 orphaned, 1 paused, 1 instance$/);
  expect(list[3]).toMatch(/^tick +paused until .*: the bank/);
  expect(list[4]).toMatch(/^other /);
  expect((await cli('next', 'tick', '--count', '1')).stdout).toMatch(/in (2 h|1\d\d min)/);
  const check = await cli('check');
  expect(check.status).toBe(0);
  expect(check.stdout).toMatch(/^note {2}'tick' is paused until .*: the bank/m);

  const runs = (await job('tick'))?.runs;
  expect((await job('tick'))?.runs).toBe(runs);
  expect((await cli('resume', 'tick')).stdout).toBe("resumed 'tick'\n");
  expect((await cli('resume', 'tick')).stdout).toBe("'tick' was not paused\n");
  await waitFor('a run', async () => ((await job('tick'))?.runs ?? 0) > (runs ?? 0));
});

test('pause and resume take all jobs at once', async () => {
  await member({ a: { every: '1 hour' }, b: { cron: '0 3 * * *' }, demanded: {} });
  const { jobs } = await json<{ jobs: { job: string; paused: JobInfo['paused'] }[] }>('pause', '--all');
  expect(jobs.map(({ job, paused }) => [job, paused?.until, paused?.by])).toEqual([
    ['a', null, 'cli'],
    ['b', null, 'cli'],
  ]);
  expect((await job('a'))?.nextSlot).toBeNull();
  expect(await job('a')).toMatchObject({ orphaned: false, overdue: null });
  expect((await cli('next', 'a')).stdout).toBe("'a' has no next slot: it is paused\n");
  expect(await json('resume', '--all')).toEqual({ resumed: ['a', 'b'] });
  expect((await job('a'))?.paused).toBeNull();
});

const UNTIL =
  /^bossman: option '--until <time>' argument '.*' is invalid\. Use a future time: '2 hours', 14:00, /;

test.each([
  [['pause'], /pass the name of a job, or --all/],
  [['pause', 'a', '--all'], /pass a name or --all, not both/],
  [['resume'], /pass the name of a job, or --all/],
  [['pause', 'a', '--until', 'soon'], UNTIL],
  [['pause', 'a', '--until', ''], UNTIL],
  [['pause', 'a', '--until', '2020-01-01'], UNTIL],
  [['pause', 'a', '--until', '2026-13-01'], UNTIL],
  [['pause', 'a', '--until', '25:00'], UNTIL],
  [['pause', 'a', '--note', 'x'.repeat(201)], /is longer than 200 characters/],
])('%j is refused', async (args, message) => {
  await member({ a: { every: '1 hour' } });
  const { status, stderr } = await cli(...args);
  expect([status, stderr]).toEqual([2, expect.stringMatching(message)]);
});

test('pause of an unknown name is refused, with the one that was probably meant', async () => {
  await member({ mail: { every: '1 hour' } });
  const { status, stderr } = await cli('pause', 'mial');
  expect(status).toBe(2);
  expect(stderr).toMatch(/mail/);
});

test('a time of day is the next such time, and a date is in the zone of this machine', () => {
  const now = new Date(2026, 10, 24, 13, 30);
  expect(timeToCome('14:00', now)).toEqual(new Date(2026, 10, 24, 14));
  expect(timeToCome('13:30', now)).toEqual(new Date(2026, 10, 25, 13, 30));
  expect(timeToCome('2026-12-01', now)).toEqual(new Date(2026, 11, 1));
  expect(timeToCome('2026-12-01T14:00', now)).toEqual(new Date(2026, 11, 1, 14));
  expect(timeToCome('2026-12-01T14:00Z', now)).toEqual(new Date(Date.UTC(2026, 11, 1, 14)));
  expect(timeToCome('2 hours', now)).toBe('2 hours');
});
