import { Redis } from 'ioredis';
import Bossman from '../../src';
import type { Finding } from '../../src/cli/checks/finding';
import { checkVersions } from '../../src/cli/checks/fleet';
import { trialsOfInstance } from '../../src/cli/checks/rights';
import type { InstanceInfo } from '../../src/info';
import { Keys } from '../../src/redis/keys';
import { scripts } from '../../src/scripts/generated';
import { type RedisServer, startServer } from '../support/redis';
import { bossman } from './cli';
import { parse } from './fleet';

interface Report {
  status: string;
  checks: Finding[];
}

const servers: RedisServer[] = [];
const instances: Bossman[] = [];

async function start(...args: string[]): Promise<RedisServer> {
  const server = await startServer({ args });
  servers.push(server);
  return server;
}

function join(server: RedisServer): Bossman {
  const instance = new Bossman({ connection: server.url });
  instances.push(instance);
  return instance;
}

/** What the doctor finds, by check, and the exit status. */
async function findings(url: string, ...args: string[]) {
  const ended = await bossman(['doctor', '--json', '--url', url, ...args]);
  const { status, checks } = parse<Report>(ended);
  const byCheck: Record<string, Finding> = Object.fromEntries(
    checks.map((finding) => [finding.check, finding]),
  );
  return {
    exit: ended.status,
    status,
    byCheck,
    statuses: Object.fromEntries(checks.map((c) => [c.check, c.status])),
  };
}

/** A user with these rights, in the server's URL. */
async function userOf(server: RedisServer, ...rights: string[]): Promise<string> {
  const redis = new Redis(server.url);
  try {
    await redis.call('ACL', 'SETUSER', 'app', 'reset', 'on', '>secret', ...rights);
  } finally {
    redis.disconnect();
  }
  return `redis://app:secret@127.0.0.1:${server.port}`;
}

const work = () => {};

afterEach(async () => {
  await Promise.all(instances.splice(0).map((instance) => instance.quit({ timeout: 0 })));
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

test('if all is well, each check is ok, and the status is 0', async () => {
  const server = await start('--appendonly', 'yes');
  await join(server).hire('a', { every: '1 hour', work });
  const { exit, status, statuses } = await findings(server.url);
  const checks =
    'server rights inspection bell notifications config eviction persistence latency clock fleet versions plans applications orphans demands runs';
  const { latency, ...others } = statuses;
  // A machine with much to do may take its time.
  expect(latency).toMatch(/ok|warn/);
  expect({ exit, others }).toEqual({
    exit: 0,
    others: Object.fromEntries(
      checks
        .split(' ')
        .filter((check) => check !== 'latency')
        .map((check) => [check, 'ok']),
    ),
  });
  expect(status).toBe(latency);

  const { stdout } = await bossman(['doctor', '--url', server.url]);
  expect(stdout).toMatch(/^ok {4}server +(Redis|Valkey) \d+\.\d+\.\d+, standalone, primary$/m);
  expect(stdout).toMatch(/^ok {4}fleet +1 instance$/m);
  expect(stdout).toMatch(/PING takes \d.* ms \(p50\), \d.* \(p99\)$/m);
});

test('a risk of losing data is reported with advice; a fault makes the status 1', async () => {
  const evicting = await start('--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru');
  const { exit, byCheck } = await findings(evicting.url);
  expect(exit).toBe(1);
  expect(byCheck.eviction).toEqual({
    check: 'eviction',
    status: 'fail',
    found: 'allkeys-lru, with a maxmemory of 100 MB',
    advice: 'evicted plans and demands are lost; set maxmemory-policy noeviction',
  });
  expect(byCheck.persistence).toMatchObject({ status: 'warn', found: 'none' });
  expect(byCheck.notifications).toMatchObject({ status: 'warn', found: 'off (no flags)' });
  expect(byCheck.fleet).toMatchObject({ status: 'warn', found: 'no instance answers' });

  const { stdout } = await bossman(['doctor', '--url', evicting.url]);
  expect(stdout).toMatch(/^fail {2}eviction +allkeys-lru.*\n +evicted plans and demands .* noeviction$/m);
});

test('a Redis without memory is a fault, and instances that cannot answer are not called absent', async () => {
  const server = await start('--maxmemory', '100mb', '--maxmemory-policy', 'noeviction');
  await join(server).hire('a', { every: '1 hour', work });
  const redis = new Redis(server.url);
  await redis.config('SET', 'maxmemory', '1');
  redis.disconnect();
  const { exit, byCheck } = await findings(server.url);
  expect(exit).toBe(1);
  expect(byCheck.memory?.status).toBe('fail');
  expect(byCheck.memory?.found).toMatch(/^out of memory: .* MB used of a maxmemory of .*, noeviction$/);
  expect(byCheck.fleet?.found).toMatch(/^cannot be checked: Redis refuses their answers \(OOM /);
  expect(byCheck.orphans).toBeUndefined();
});

test('a replica is a fault', async () => {
  const primary = await start();
  const replica = await start('--replicaof', `127.0.0.1 ${primary.port}`);
  const { exit, byCheck } = await findings(replica.url);
  expect({ exit, role: byCheck.role?.status }).toEqual({ exit: 1, role: 'fail' });
});

describe('a user', () => {
  test('with the rights of docs/operations.md lacks nothing but CONFIG', async () => {
    const server = await start();
    const rights = [
      '~bossman:*',
      'resetchannels',
      '&bossman:bell:0',
      '&__keyevent@0__:expired',
      '+@all',
      '-@dangerous',
      '+info',
    ];
    const { exit, byCheck } = await findings(await userOf(server, ...rights));
    expect(exit).toBe(0);
    for (const check of ['rights', 'inspection', 'bell', 'eviction'])
      expect(byCheck[check]?.status).toBe('ok');
    expect(byCheck.config).toMatchObject({
      status: 'warn',
      advice: expect.stringContaining('disableRedisConfig'),
    });
  });

  test('a missing permission for a command, the keys, or the bell is named', async () => {
    const server = await start();
    const all = ['~*', '&*', '+@all'];
    const lacking = async (...rights: string[]) =>
      (await findings(await userOf(server, ...all, ...rights))).byCheck;
    expect((await lacking('-hset')).rights).toMatchObject({
      status: 'fail',
      found: expect.stringMatching(/^refused: HSET \([^;]*$/),
    });
    expect((await lacking('resetkeys', '~bossman:lock:*')).rights?.found).toMatch(
      /refused: EVAL \(.*; HGET .*; XADD /,
    );
    expect((await lacking('resetchannels')).bell).toMatchObject({ status: 'warn' });
    expect((await lacking('-zscan')).inspection).toMatchObject({
      status: 'warn',
      found: expect.stringMatching(/^refused: ZSCAN/),
    });
  });

  test('with almost no permissions, the checks that are impossible are named', async () => {
    const server = await start();
    const { exit, byCheck, statuses } = await findings(await userOf(server, '+ping'));
    expect(byCheck.server).toMatchObject({
      status: 'ok',
      found: expect.stringMatching(/^(Redis|Valkey) \d/),
    });
    const unknown = expect.objectContaining({
      status: 'warn',
      found: expect.stringMatching(/^cannot be checked: .*NOPERM/),
    });
    for (const check of ['notifications', 'eviction', 'persistence', 'clock', 'fleet']) {
      expect({ [check]: byCheck[check] }).toEqual({ [check]: unknown });
    }
    expect({ exit, ...statuses }).toMatchObject({ exit: 1, rights: 'fail', bell: 'warn' });

    const { stderr, stdout } = await bossman(['list', '--url', await userOf(server, '+ping')]);
    expect({ stdout, stderr }).toEqual({
      stdout: '',
      stderr: expect.stringMatching(/^bossman: NOPERM .*; bossman doctor lists .*\n$/),
    });
  });
});

test('the rights for every command of the scripts are checked', () => {
  const tried = new Set(trialsOfInstance(new Keys('p', '', 0)).map(([command]) => command));
  const called = Object.values(scripts).flatMap((lua) =>
    [...lua.matchAll(/redis\.p?call\(\s*'(\w+)'/g)].map(([, command]) => command),
  );
  expect(called.length).toBeGreaterThan(20);
  expect([...new Set(called)].filter((command) => !tried.has(command ?? ''))).toEqual([]);
});

test('a job that instances hire with different plans, and one that no instance hires, are reported', async () => {
  const server = await start();
  await join(server).hire('shared', { every: '1 hour', work });
  await join(server).hire('shared', { every: '2 hours', work });
  const leaver = new Bossman({ connection: server.url });
  await leaver.hire('left', { every: '1 hour', work });
  await leaver.quit();
  const { exit, byCheck } = await findings(server.url);
  const { host, pid } = { host: '\\S+', pid: process.pid };
  expect(exit).toBe(0);
  expect(byCheck.plans?.status).toBe('warn');
  expect(byCheck.plans?.found).toMatch(
    new RegExp(
      `^'shared': every (3600000|7200000) \\(${host}:${pid}\\) or every (3600000|7200000) \\(${host}:${pid}\\)$`,
    ),
  );
  expect(byCheck.orphans).toMatchObject({ status: 'warn', found: "no instance hires 'left'" });
});

test('a waiting demand is reported if no instance is running', async () => {
  const server = await start();
  const leaver = new Bossman({ connection: server.url });
  await leaver.demand('wanted');
  await leaver.quit();
  const { byCheck } = await findings(server.url);
  expect(byCheck.fleet).toMatchObject({ status: 'warn', found: 'no instance answers' });
  expect(byCheck.demands).toMatchObject({
    status: 'warn',
    found: "demanded, but no instance hires 'wanted'",
  });
});

test('different versions in a fleet are reported', () => {
  const instance: InstanceInfo = {
    id: '',
    host: 'a',
    pid: 1,
    version: '2.0.0',
    application: null,
    since: 0,
    jobs: [],
    running: [],
  };
  expect(checkVersions([instance, instance])).toMatchObject({ status: 'ok', found: '2.0.0 (2)' });
  expect(checkVersions([instance, { ...instance, version: '2.1.0' }])).toMatchObject({
    status: 'warn',
    found: '2.0.0 (1), 2.1.0 (1)',
  });
});
