import type { Finding } from '../../src/cli/checks/finding';
import { makeFleet } from '../support/fleet';
import { testUrl } from '../support/redis';
import { waitFor } from '../support/wait';
import { bossman } from './cli';
import { cliOf } from './fleet';

interface Checked {
  status: 'ok' | 'fail';
  faults: { job: string | null; fault: string; found: string }[];
  jobs: number;
  instances: number;
}

const fleet = makeFleet();
const { member, cli, json, job } = cliOf(fleet);

const HOUR = '1 hour';
const PATIENT = { timeoutMs: 30_000 };

async function checked(...args: string[]): Promise<Checked> {
  return JSON.parse((await cli('check', '--json', ...args)).stdout);
}

test('exits with 0 when all is well', async () => {
  await member({ healthy: { every: HOUR }, tick: { every: 200 }, 'on demand': {} });
  await waitFor('a run', async () => (await job('tick'))?.runs, PATIENT);
  expect(await cli('check')).toEqual({ status: 0, stdout: 'ok    3 jobs, 1 instance\n', stderr: '' });
  expect(await json<Checked>('check')).toMatchObject({ status: 'ok', faults: [], jobs: 3, instances: 1 });
});

test('exits with 1 when the last run of a job failed, or its last few', async () => {
  await member({ broken: { every: HOUR, fails: 'no such table' }, healthy: { every: HOUR } });
  const fred = fleet.join();
  await fred.demand('broken');
  await waitFor('the run', async () => (await job('broken'))?.runs === 1, PATIENT);
  const { status, stdout } = await cli('check');
  expect(status).toBe(1);
  expect(stdout).toMatch(/^fail {2}'broken' is failing: its last run failed \(.*\): no such table\n$/);
  expect((await cli('check', '--failures', '2')).status).toBe(0);

  await fred.demand('broken');
  const twice = await waitFor('the second run', async () => {
    const broken = await job('broken');
    return broken?.runs === 2 ? broken : null;
  });
  expect(twice.failuresInARow).toBe(2);
  expect(await checked('--failures', '2')).toMatchObject({
    status: 'fail',
    faults: [{ job: 'broken', fault: 'failing', found: expect.stringContaining('its last 2 runs failed') }],
  });
  const { checks } = await json<{ checks: Finding[] }>('doctor');
  expect(checks.find(({ check }) => check === 'runs')).toMatchObject({
    status: 'warn',
    found: "'broken' failed (2 runs in a row)",
  });
});

test('exits with 1 when a slot passes unclaimed, and when no instance hires a plan', async () => {
  const dead = await member({ tick: { every: 200 }, rare: { every: HOUR } });
  await dead.kill();
  await waitFor('its slot to be overdue', async () => ((await job('tick'))?.overdue ?? 0) > 1000, PATIENT);
  const { faults } = await checked('--overdue', '1 second');
  expect(faults.map(({ job, fault }) => `${job} ${fault}`)).toEqual([
    'rare orphaned',
    'tick overdue',
    'tick orphaned',
  ]);
  // By default only what is a minute late.
  expect((await checked()).faults.map(({ job, fault }) => `${job} ${fault}`)).toEqual([
    'rare orphaned',
    'tick orphaned',
  ]);
  expect((await job('rare'))?.overdue).toBeNull();
});

test('exits with 1 when the last run died, and when no instance hires a demanded job', async () => {
  const dead = await member({ slow: { every: HOUR, ms: 60_000, ttl: 500 } });
  await fleet.join().demand('slow');
  await waitFor('its run', async () => (await job('slow'))?.running?.since, PATIENT);
  await dead.kill();
  await member({ slow: { every: HOUR } });
  await waitFor('its death', async () => (await job('slow'))?.lastRun?.outcome === 'died', PATIENT);
  await fleet.join().demand('mial');
  await waitFor('it to wait', async () => (await job('mial'))?.demandedSince, PATIENT);
  const { faults } = await checked('--overdue', '1');
  expect(faults).toEqual([
    { job: 'mial', fault: 'unclaimed', found: expect.stringMatching(/^'mial' was demanded .*, and no inst/) },
    {
      job: 'slow',
      fault: 'died',
      found: expect.stringMatching(/^'slow' died in its last run, which began /),
    },
  ]);
});

test('exits with 1 when the prefix holds no data, and names the fleets that exist', async () => {
  await member({ healthy: { every: HOUR }, 'on demand': {} });
  const wrong = await bossman(['check', '--url', testUrl(), '--prefix', `${fleet.prefix}-typo`]);
  expect(wrong.status).toBe(1);
  expect(wrong.stdout).toMatch(/^fail {2}no fleet has this prefix; --prefix selects one of these: /);
  for (const command of ['list', 'fleet', 'doctor']) {
    const { stdout } = await bossman([command, '--url', testUrl(), '--prefix', `${fleet.prefix}-typo`]);
    expect(stdout).toContain(`'${fleet.prefix}'`);
  }
});

test.each([
  ['--overdue', 'soon'],
  ['--failures', '0'],
])('refuses %s %s', async (option, value) => {
  const { status, stderr } = await cli('check', option, value);
  expect(status).toBe(2);
  expect(stderr).toContain(option);
});
