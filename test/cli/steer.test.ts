import type { Finding } from '../../src/cli/checks/finding';
import type { RunRecord } from '../../src/info';
import { openInspector } from '../../src/inspection/inspector';
import { makeFleet } from '../support/fleet';
import { testUrl } from '../support/redis';
import { waitFor } from '../support/wait';
import { bossman } from './cli';
import { cliOf } from './fleet';

interface Demanded {
  job: string;
  demandedAt: number;
  run: RunRecord | null;
}

const fleet = makeFleet();
const { member, cli, json, job } = cliOf(fleet);

describe('demand', () => {
  test('makes a job run, and does not wait for it', async () => {
    await member({ slow: { ms: 1000 } });
    expect(await cli('demand', 'slow')).toEqual({ status: 0, stdout: "demanded 'slow'\n", stderr: '' });
    await waitFor('the run', async () => (await job('slow'))?.runs === 1, { timeoutMs: 30_000 });
  });

  test('--wait waits for the run of that demand, not for one already in progress', async () => {
    await member({ slow: { ms: 1500, ttl: 20_000 } });
    const { demandedAt: first } = await json<Demanded>('demand', 'slow');
    await waitFor('the first run', async () => (await job('slow'))?.running, { timeoutMs: 30_000 });
    const { demandedAt, run } = await json<Demanded>('demand', 'slow', '--wait');
    expect(demandedAt).toBeGreaterThan(first);
    expect(run).toMatchObject({ demandedAt, slot: null, outcome: 'done' });
    expect((await job('slow'))?.runs).toBe(2);

    const { status, stdout } = await cli('demand', 'slow', '--wait', '--timeout', '1 minute');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^'slow' ran on \S+:\d+, took \d.* s: done\n$/);
  });

  test('--wait exits with 1 when the run failed, and prints why', async () => {
    await member({ broken: { fails: 'no such table' } });
    const { status, stdout } = await cli('demand', 'broken', '--wait');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^'broken' ran on .*: failed: no such table\n$/);
    const asJson = await cli('demand', 'broken', '--wait', '--json');
    expect(asJson.status).toBe(1);
    expect(JSON.parse(asJson.stdout).run).toMatchObject({ outcome: 'failed', error: 'no such table' });
  });

  test('a demand that no instance can run is reported, with the name that was probably meant', async () => {
    await member({ mail: { every: '1 hour' } });
    const inspector = await openInspector({ connection: testUrl(), prefix: fleet.prefix });
    await inspector.demand('mial').finally(() => inspector.close());
    expect(await job('mial')).toMatchObject({ hiredBy: [], hirersKnown: true, orphaned: false });
    expect((await cli('list')).stdout).toMatch(/^mial +demanded (now|\d+ s ago), no instance hires it /m);
    expect((await cli('demand', 'mial')).stdout).toBe(
      "demanded 'mial'; no instance hires it now (did you mean 'mail'?); the next one that does will run it\n",
    );
    const { checks } = await json<{ checks: Finding[] }>('doctor');
    expect(checks.find(({ check }) => check === 'demands')).toMatchObject({
      status: 'warn',
      found: "demanded, but no instance hires 'mial' (did you mean 'mail'?)",
    });
  });

  test('--wait exits with 1 when the time is up, and the demand stays', async () => {
    await (await member({ lonely: { every: '1 hour' } })).leave();
    expect(await cli('demand', 'lonely', '--wait', '--timeout', '500ms')).toEqual({
      status: 1,
      stdout: '',
      stderr: "bossman: 'lonely' did not finish within 500 ms; the demand is not withdrawn\n",
    });
    expect((await cli('demand', 'lonely')).stdout).toMatch(
      /no instance hires it now; the next one that does will run it\n$/,
    );
    expect((await job('lonely'))?.demandedSince).not.toBeNull();
    await member({ lonely: { every: '1 hour' } });
    await waitFor('the run', async () => (await job('lonely'))?.runs === 1, { timeoutMs: 30_000 });
  });

  test('--wait reports that no instance is left, and waits for the next one, if one died before its run began', async () => {
    await (await member({ lonely: { every: '1 hour' } })).leave();
    let warned = false;
    const place = ['--url', testUrl(), '--prefix', fleet.prefix];
    const waiting = bossman(['demand', 'lonely', '--wait', ...place], {}, () => {
      warned = true;
    });
    const since = await waitFor('the demand', async () => (await job('lonely'))?.demandedSince, {
      timeoutMs: 30_000,
    });
    // What an instance leaves that has taken a demand and has not begun it.
    const taker = 'd'.repeat(32);
    await fleet.redis.hset(`${fleet.prefix}:demands`, 'lonely', `taken|${since}|${taker}|0|`);
    await fleet.redis.set(`${fleet.prefix}:lock:lonely`, taker, 'PX', 500);
    await waitFor('the warning', () => warned, { timeoutMs: 30_000 });
    await member({ lonely: { every: '1 hour' } });
    expect(await waiting).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^'lonely' ran on \S+:\d+.*: done\n$/),
      stderr:
        "bossman: no instance hires 'lonely' now; still waiting, as the next one that does will run it\n",
    });
  });

  test('--wait does not wait for ever for a run whose instance died', async () => {
    const doomed = await member({ long: { ms: 600_000, ttl: 1000 } });
    const waiting = cli('demand', 'long', '--wait');
    // The lock is there before the demand has begun; an instance that dies in between leaves the demand to the next one.
    await waitFor('the run', async () => (await job('long'))?.running?.since, { timeoutMs: 30_000 });
    await doomed.kill();
    expect(await waiting).toEqual({
      status: 1,
      stdout: expect.stringMatching(/^'long' ran on \S+:\d+.*: died\n$/),
      stderr: '',
    });
  });
});

test('fire ends the scheduled runs of a job', async () => {
  await member({ tick: { every: 200 }, bell: {} });
  expect(await json('fire', 'tick')).toEqual({ job: 'tick', fired: true });
  expect(await job('tick')).toMatchObject({ fired: true, nextSlot: null });
  expect(await cli('fire', 'tick')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^fired 'tick'/),
  });
  expect(await cli('fire', 'bell')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/only runs on demand\n$/),
  });
});

test('forget deletes a job, and refuses to while an instance hires it', async () => {
  const one = await member({ old: { every: '1 hour' } });
  await cli('demand', 'old', '--wait');
  const refused = await cli('forget', 'old');
  expect(refused).toMatchObject({ status: 1, stdout: '' });
  expect(refused.stderr).toMatch(new RegExp(`^bossman: 'old' is hired by \\S+:${one.pid};`));
  expect(await job('old')).toBeDefined();

  await one.leave();
  expect(await json('forget', 'old')).toEqual({ job: 'old', forgotten: true });
  expect(await job('old')).toBeUndefined();
  await waitFor(
    'all of its keys to be gone',
    async () => {
      const keys = await fleet.redis.keys(`${fleet.prefix}*`);
      return keys.length === 0;
    },
    { timeoutMs: 30_000 },
  );
});

test.each([['history'], ['demand'], ['fire'], ['forget']])(
  '%s of a wrong name suggests the nearest',
  async (command) => {
    await fleet.join().hire('engineers', { every: '1 hour', work() {} });
    expect(await cli(command, 'enginers')).toEqual({
      status: 2,
      stdout: '',
      stderr: "bossman: there is no job 'enginers'; did you mean 'engineers'?\n",
    });
    expect((await cli(command, 'invoices')).stderr).toMatch(
      /^bossman: there is no job 'invoices'; bossman list shows/,
    );
  },
);
