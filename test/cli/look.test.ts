import { hostname } from 'node:os';
import type { InstanceInfo, JobInfo, RunRecord } from '../../src/info';
import { makeFleet } from '../support/fleet';
import { testUrl } from '../support/redis';
import { waitFor } from '../support/wait';
import { bossman, type Ended } from './cli';
import { cliOf } from './fleet';

interface Listed {
  at: number;
  summary: object;
  jobs: JobInfo[];
}

const fleet = makeFleet();
const { member, cli, json, job } = cliOf(fleet);

const HOUR = '1 hour';
/** Who stands still for longer than a roll call waits is absent from it, so it is called until it shows all. */
function completely(call: () => Promise<Ended>, all: RegExp): Promise<Ended> {
  return waitFor(
    `the call to show ${all}`,
    async () => {
      const ended = await call();
      return all.test(ended.stdout) ? ended : Promise.reject(new Error(ended.stdout + ended.stderr));
    },
    PATIENT,
  );
}

/** The machine may be busy. */
const PATIENT = { timeoutMs: 30_000 };

describe('a fleet of two processes', () => {
  test('list shows the state of each job, those that need attention first, and list --json shows the same', async () => {
    const one = await member({
      healthy: { every: HOUR },
      weekly: { cron: '0 9 * * 1', tz: 'Europe/Helsinki' },
      broken: { every: HOUR, fails: 'no such table: invoices' },
      ended: { every: HOUR },
      busy: { ms: 60_000, ttl: 60_000 },
    });
    const two = await member({ orphan: { every: HOUR }, healthy: { every: HOUR } });
    await two.leave();
    const steering = fleet.join();
    await Promise.all([
      steering.fire('ended'),
      ...['healthy', 'broken', 'busy'].map((name) => steering.demand(name)),
    ]);
    for (const name of ['healthy', 'broken']) {
      await waitFor(`the run of ${name}`, async () => (await job(name))?.runs === 1, PATIENT);
    }
    await waitFor('the run of busy', async () => (await job('busy'))?.running, PATIENT);

    const { stdout, status, stderr } = await completely(() => cli('list'), /, 2 instances\n/);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [summary, blank, titles, ...rows] = stdout.trimEnd().split('\n');
    expect({ summary, blank }).toEqual({
      summary: '6 jobs, 1 running, 1 failing, 1 orphaned, 2 instances',
      blank: '',
    });
    expect(titles).toMatch(/^JOB +STATE +NEXT +LAST RUN +PLAN +RUNS +FAILED +SKIPPED$/);
    const row = (name: string) => rows.find((line) => line.startsWith(`${name} `));
    expect(rows.map((line) => line.split(' ')[0])).toEqual([
      'broken',
      'orphan',
      'busy',
      'ended',
      'healthy',
      'weekly',
    ]);
    expect(row('broken')).toMatch(
      /failing +in \d+ min +.*, failed: no such table: invoices +every 1 hour +1 +1 +0$/,
    );
    expect(row('orphan')).toMatch(/orphaned +in \d+ min +- +every 1 hour +0 +0 +0$/);
    expect(row('busy')).toMatch(
      new RegExp(`running \\d.* on ${hostname()}:${one.pid} +- +- +on demand +0 +0 +0$`),
    );
    expect(row('ended')).toMatch(/fired +- +- +every 1 hour +0 +0 +0$/);
    expect(row('healthy')).toMatch(/ok +in \d+ min +.*, took .* +every 1 hour +1 +0 +0$/);
    expect(row('weekly')).toMatch(/new +in \d+ (d|h) +- +cron 0 9 \* \* 1 Europe\/Helsinki +0 +0 +0$/);

    const { stdout: listing } = await completely(() => cli('list', '--json'), /"instances":2\}/);
    const listed: Listed = JSON.parse(listing);
    expect(listed.summary).toEqual({ jobs: 6, running: 1, failing: 1, orphaned: 1, paused: 0, instances: 2 });
    expect(Math.abs(listed.at - Date.now())).toBeLessThan(60_000);
    expect(listed.jobs[0]).toMatchObject({
      name: 'broken',
      plan: 'every 3600000',
      fired: false,
      orphaned: false,
      lastRun: { outcome: 'failed', error: 'no such table: invoices' },
      runs: 1,
      failures: 1,
    });
  });

  test('fleet names the instances, and what runs in them', async () => {
    const one = await member({ a: { every: HOUR }, b: { ms: 60_000, ttl: 60_000 } });
    const two = await member({ a: { every: HOUR } });
    await fleet.join().demand('b');
    await waitFor('the run', async () => (await job('b'))?.running, PATIENT);

    const { stdout, status } = await completely(() => cli('fleet'), /^3 instances\n/);
    const lines = stdout.trimEnd().split('\n');
    expect({ status, lines: lines.length, first: lines[0] }).toEqual({
      status: 0,
      lines: 6,
      first: '3 instances',
    });
    const { version } = require('../../package.json');
    const at = (pid: number) => lines.find((line) => line.includes(`:${pid} `));
    expect(at(one.pid)).toMatch(
      new RegExp(`^${hostname()}:${one.pid} +bossman@${version} +${version} +.* 2 +b \\d`),
    );
    expect(at(two.pid)).toMatch(/ 1$/);
    expect(at(process.pid)).toMatch(/ 0$/);

    const { stdout: answered } = await completely(
      () => cli('fleet', '--json'),
      new RegExp(`"pid":${one.pid},`),
    );
    const { instances }: { instances: InstanceInfo[] } = JSON.parse(answered);
    expect(instances.find(({ pid }) => pid === one.pid)).toMatchObject({
      host: hostname(),
      version,
      jobs: expect.arrayContaining([
        { name: 'a', plan: 'every 3600000' },
        { name: 'b', plan: null },
      ]),
      running: [{ job: 'b', slot: null }],
    });
  });

  test('history shows the last runs of a job, latest first, as many as asked for', async () => {
    const { pid } = await member({ shaky: { fails: 'disk full\n\x1b[31mhelp' } });
    const steering = fleet.join();
    for (const runs of [1, 2, 3]) {
      await steering.demand('shaky');
      await waitFor('the run', async () => (await job('shaky'))?.runs === runs, PATIENT);
    }

    const { stdout, status } = await cli('history', 'shaky', '--last', '2');
    const [titles, ...rows] = stdout.trimEnd().split('\n');
    expect(status).toBe(0);
    expect(titles).toMatch(/^STARTED +FOR +LATE +TOOK +OUTCOME +BY$/);
    expect(rows).toHaveLength(2);
    for (const row of rows) {
      // What a terminal would obey is written out.
      const told =
        /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +\S.* demand +\d.* +failed: disk full\\n\\u001b\[31mhelp +/;
      expect(row).toMatch(told);
      expect(row.endsWith(` ${hostname()}:${pid}`)).toBe(true);
    }

    const { runs } = await json<{ runs: RunRecord[] }>('history', 'shaky');
    expect(runs).toHaveLength(3);
    const started = runs.map((run) => run.startedAt);
    expect(started).toEqual([...started].sort((a, b) => b - a));
    expect(runs[0]).toMatchObject({ slot: null, outcome: 'failed', error: 'disk full\n\x1b[31mhelp' });
  });
});

test('list shows where and when a run began whose instance has gone, until its lock expires', async () => {
  const one = await member({ long: { ms: 600_000, ttl: 600_000 } });
  const began = Date.now() - 10;
  await fleet.join().demand('long');
  const begun = async () => {
    const running = (await job('long'))?.running;
    return running?.since ? running : null;
  };
  const before = await waitFor('the run', begun, PATIENT);
  const seen = Date.now();
  await one.kill();
  const place = { by: before.by, host: hostname(), pid: one.pid };
  expect(before).toMatchObject(place);
  const after = (await job('long'))?.running;
  expect(after).toMatchObject(place);
  // By the note of the run, which was made when its demand was taken.
  expect(after?.since).toBeGreaterThan(began);
  expect(after?.since).toBeLessThanOrEqual(seen);
  expect((await cli('list')).stdout).toMatch(new RegExp(`running \\d.* on ${hostname()}:${one.pid} `));
});

test('history --run shows one run in full: its error with stack and causes, and who ran it, even if that instance has gone', async () => {
  const hostile = '\x1b[31mhelp\u202e';
  const one = await member({
    shaky: { fails: `disk full\n${hostile}`, cause: `no inode ${'x'.repeat(700)}` },
  });
  const steering = fleet.join();
  await steering.demand('shaky');
  await waitFor('the run', async () => (await job('shaky'))?.runs === 1, PATIENT);
  await one.leave();

  const { stdout, stderr, status } = await cli('history', 'shaky', '--run', '1');
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  const [head = '', error = ''] = stdout.split('\n\n');
  expect(head).toMatch(
    /^STARTED +\d{4}-.*\nFOR +demand of \d{4}-.*\nLATE +.*\nTOOK +.*\nOUTCOME +failed\nBY +/,
  );
  expect(head).toMatch(new RegExp(`BY +${hostname()}:${one.pid}, instance [0-9a-f]{16}$`));
  const lines = error.trimEnd().split('\n');
  expect(lines[0]).toBe('Error: disk full\\n\\u001b[31mhelp\\u202e');
  expect(lines[1]).toMatch(/^ {4}at .*member\.ts/);
  const at = lines.indexOf(`  cause: TypeError: no inode ${'x'.repeat(700)}`);
  expect(lines[at + 1]).toMatch(/^ {6}at .*member\.ts/);

  const { run } = await json<{ run: RunRecord }>('history', 'shaky', '--run', '1');
  expect(run).toMatchObject({
    error: `disk full\n${hostile}`,
    pid: one.pid,
    details: { name: 'Error', cause: { name: 'TypeError' } },
  });
  const table = await cli('history', 'shaky');
  expect(table.stdout).toMatch(new RegExp(` ${hostname()}:${one.pid}\n$`));

  expect(await cli('history', 'shaky', '--run', '2')).toEqual({
    status: 2,
    stdout: '',
    stderr: "bossman: there is no run 2 of 'shaky'; recorded: 1 run\n",
  });
});

test('list in a pipe cuts nothing, and one long error does not widen all rows', async () => {
  const long = `no such table: ${'invoices '.repeat(20)}end`;
  await member({ broken: { every: HOUR, fails: long }, healthy: { every: HOUR } });
  await fleet.join().demand('broken');
  await waitFor('the run', async () => (await job('broken'))?.runs === 1, PATIENT);
  const lines = (await cli('list')).stdout.trimEnd().split('\n').slice(2);
  const row = (name: string) => lines.find((line) => line.startsWith(name)) ?? '';
  expect(row('broken')).toContain(`failed: ${long}  every 1 hour `);
  expect(row('healthy').length).toBeLessThan(130);
  expect(row('JOB').length).toBeLessThan(130);
});

test('a fleet without jobs, without instances or without runs is reported as such', async () => {
  const at =
    (url: string) =>
    (...args: string[]) =>
      bossman([...args, '--url', url, '--prefix', fleet.prefix]);
  // A database in which no other test has a fleet.
  const nothing = at(new URL('/9', testUrl()).href);
  expect(await nothing('list')).toEqual({
    status: 0,
    stdout: expect.stringMatching(
      /^0 jobs, 0 running, 0 failing, 0 orphaned, 0 instances\n\nthere is no fleet in this database; .*\n$/,
    ),
    stderr: '',
  });
  expect(await nothing('fleet')).toEqual({
    status: 0,
    stdout: expect.stringMatching(/^no instance answers\n\nthere is no fleet in this database; /),
    stderr: '',
  });
  await fleet.join().hire('idle', { every: HOUR, work() {} });
  expect(await at(testUrl())('history', 'idle')).toEqual({
    status: 0,
    stdout: "there is no record of a run of 'idle'\n",
    stderr: '',
  });
});

test('inspecting leaves no data behind, and other instances do not notice it', async () => {
  const watched = fleet.join();
  await watched.hire('idle', { every: HOUR, work() {} });
  const listeners = await waitFor('the listener', () => fleet.listeners());
  const keys = async () => (await fleet.redis.keys(`${fleet.prefix}*`)).sort();
  const before = await keys();
  const config = await fleet.redis.config('GET', 'notify-keyspace-events');
  await completely(() => cli('fleet'), /^1 instance\n/);
  for (const command of [['list'], ['history', 'idle'], ['doctor']]) await cli(...command);
  expect(await fleet.listeners()).toBe(listeners);
  expect(await fleet.redis.config('GET', 'notify-keyspace-events')).toEqual(config);
  // Answers to a roll call are kept for some seconds.
  await waitFor('the keys to be those of before', async () => String(await keys()) === String(before), {
    timeoutMs: 30_000,
  });
});

test('next shows the next slots of a job, in the zone of its plan and in local time', async () => {
  await member({ weekly: { cron: '0 9 * * 1', tz: 'Europe/Helsinki' }, ended: { every: HOUR } });
  const { stdout, status } = await cli('next', 'weekly', '--count', '2');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^'?weekly'?, cron 0 9 \* \* 1 Europe\/Helsinki\n\nEUROPE\/HELSINKI +LOCAL TIME/);
  expect(stdout.match(/^\d{4}-\d\d-\d\d 09:00:00 /gm)).toHaveLength(2);

  const coming = await json<{ slots: number[]; tz: string }>('next', 'weekly');
  expect(coming).toMatchObject({
    job: 'weekly',
    tz: 'Europe/Helsinki',
    plan: 'cron 0 9 * * 1 Europe/Helsinki',
  });
  expect(coming.slots).toHaveLength(5);
  await cli('fire', 'ended');
  expect((await cli('next', 'ended')).stdout).toMatch(/^'?ended'? has no next slot: it was fired\n$/);
  expect(await cli('next', 'weakly')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/did you mean/),
  });
  for (const command of ['next', 'history'])
    expect(await cli(command, '')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^bossman: .*''.*\n$/),
    });
});
