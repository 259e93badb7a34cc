import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis, type RedisOptions } from 'ioredis';
import { Redis as Redis5 } from 'ioredis-5';
import type Bossman from '../../src';
import { bossman } from '../cli/cli';
import { makeFaultyFleet } from '../support/faults';
import { startServer } from '../support/redis';
import { delay, waitFor } from '../support/wait';
import { startSentinels } from '../topologies/servers';

const fleet = makeFaultyFleet();
const work = () => {};

const LOGIN = { username: 'app', password: 'secret' };
const EVERYTHING = ['~*', '&*', '+@all'];

/** Makes the user `app`, who may do just that. */
async function allow(...rules: string[]): Promise<void> {
  await fleet.redis.call('ACL', 'SETUSER', 'app', 'reset', 'on', '>secret', ...rules);
}

/** How many keys each database has, by its name in INFO: `db0`. */
async function keys(redis: Redis): Promise<string[]> {
  return (await redis.info('keyspace')).match(/^db\d+/gm) ?? [];
}

async function selects(redis: Redis): Promise<number> {
  const stats = await redis.info('commandstats');
  return Number(
    /cmdstat_select:calls=\d+.*?(?:rejected_calls=(\d+),)?failed_calls=(\d+)/.exec(stats)?.[2] ?? 0,
  );
}

const connectionErrors = () => fleet.told.error.filter((error) => error.startsWith('CONNECTION'));

const OUT_OF_RANGE =
  /^CONNECTION: the (command|subscriber) connection to .* failed \(ERR DB index is out of range \(SELECT 99\); use another db, or raise databases in redis\.conf\); trying again until it works$/;

describe('a database that the server does not have', () => {
  const clients: { disconnect(): void }[] = [];
  afterEach(() => {
    for (const client of clients.splice(0)) client.disconnect();
  });
  const own = <C extends { disconnect(): void }>(client: C): C => {
    clients.push(client);
    return client;
  };
  const options = () => ({ host: '127.0.0.1', port: fleet.server.port, db: 99, retryStrategy: () => 20 });

  it.each<[string, () => Bossman.Connection]>([
    ['options', options],
    ['options without a ready check', () => ({ ...options(), enableReadyCheck: false })],
    ['options for RESP2', () => ({ ...options(), protocol: 2 })],
    ['a URL', () => `redis://127.0.0.1:${fleet.server.port}/99`],
    ['a client', () => own(new Redis({ ...options(), lazyConnect: true }))],
    ['a client of ioredis 5', () => own(new Redis5({ ...options(), lazyConnect: true }))],
    [
      'a client of ioredis 5 without a ready check',
      () =>
        own(
          new Redis5({ ...options(), enableReadyCheck: false, disableClientInfo: true, lazyConnect: true }),
        ),
    ],
  ])('is reported once, and no other one is used: %s', async (_, connection) => {
    fleet.allowErrors(/^CONNECTION/);
    fleet.allowErrors(/^COMMAND/);
    const fred = fleet.join({ connection: connection() });
    void fred.hire('tick', { every: 50, work }).catch(() => {});
    await waitFor('the report', () => connectionErrors().length > 0);
    const before = await selects(fleet.redis);
    await waitFor('several attempts more', async () => (await selects(fleet.redis)) >= before + 6);
    expect(connectionErrors()).toEqual([expect.stringMatching(OUT_OF_RANGE)]);
    await fred.quit();
    expect(fleet.told.start).toEqual([]);
    expect(await keys(fleet.redis)).toEqual([]);
    expect(await fleet.redis.pubsub('CHANNELS')).toEqual([]);
  });

  it('is reported by the command line', async () => {
    const url = `redis://127.0.0.1:${fleet.server.port}/99`;
    for (const command of ['list', 'doctor']) {
      expect(await bossman([command, '--url', url])).toMatchObject({
        status: 1,
        stdout: '',
        stderr: expect.stringMatching(
          /^bossman: cannot connect to Redis at 127\.0\.0\.1:\d+: ERR DB index is out of range \(SELECT 99\); use another db/,
        ),
      });
    }
  });
});

describe('a user who may not use SELECT', () => {
  it('runs nothing until it is permitted, and then everything, in the right database', async () => {
    fleet.allowErrors(/^CONNECTION: .*NOPERM .*\(SELECT 3\); a database other than 0 .*\+select\)/);
    fleet.allowErrors(/^COMMAND/);
    await allow(...EVERYTHING, '-select');
    const fred = fleet.join({}, { ...LOGIN, db: 3 });
    void fred.hire('tick', { every: 50, work }).catch(() => {});
    await waitFor('the report', () => connectionErrors().length > 0);
    expect(await keys(fleet.redis)).toEqual([]);
    await allow(...EVERYTHING);
    await fleet.ticks('tick', 2);
    expect(await keys(fleet.redis)).toEqual(['db3']);
  });

  it('after a reconnect runs nothing in database 0', async () => {
    fleet.allowErrors(/^CONNECTION/);
    fleet.allowErrors(/^COMMAND/);
    await allow(...EVERYTHING);
    const fred = fleet.join({ disableRedisConfig: true }, { ...LOGIN, db: 3 });
    await fred.hire('tick', { every: 50, work });
    await fleet.ticks('tick', 2);
    await allow(...EVERYTHING, '-select');
    await fleet.killConnections('normal');
    await fleet.killConnections('pubsub');
    await waitFor('the report', () => connectionErrors().some((error) => /SELECT 3/.test(error)));
    const runs = fleet.told.start.length;
    await delay(200);
    expect(fleet.told.start).toHaveLength(runs);
    await allow(...EVERYTHING);
    await fleet.ticks('tick', 2);
    expect(await keys(fleet.redis)).toEqual(['db3']);
  });
});

it("a client's database is the one in its options, whatever it has selected", async () => {
  const client = new Redis({ host: '127.0.0.1', port: fleet.server.port, db: 2 });
  try {
    await client.select(7);
    const fred = fleet.join({ connection: client });
    await fred.hire('tick', { every: 50, work });
    await client.select(8);
    await fleet.ticks('tick', 2);
    expect(await keys(fleet.redis)).toEqual(['db2']);
    await client.set('mine', 1);
    expect(await keys(fleet.redis)).toEqual(['db2', 'db8']);
    await fred.quit();
  } finally {
    client.disconnect();
  }
});

it('a node of a Cluster has only database 0, and that is reported', async () => {
  const node = await startServer({ args: ['--cluster-enabled', 'yes'] });
  try {
    fleet.allowErrors(/^(CONNECTION|COMMAND)/);
    const fred = fleet.join({}, { port: node.port, db: 1 });
    await waitFor('the report', () => connectionErrors().length > 0);
    expect(connectionErrors()).toEqual([
      expect.stringMatching(
        /SELECT is not allowed in cluster mode \(SELECT 1\); a Cluster has only database 0/,
      ),
    ]);
    await fred.quit();
  } finally {
    await node.stop();
  }
});

it('behind Sentinel, the database is that of the primary, or none', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bossman-test-'));
  const group = await startSentinels(dir);
  const redis = new Redis(group.primary.port);
  try {
    fleet.allowErrors(/^(CONNECTION|COMMAND)/);
    const { sentinels, name } = group;
    const behind = (db: number): RedisOptions => ({ sentinels, name, db });
    const fred = fleet.join({ connection: behind(99) });
    void fred.hire('tick', { every: 50, work }).catch(() => {});
    await waitFor('the report', () => connectionErrors().length > 0);
    expect(fleet.told.error[0]).toMatch(OUT_OF_RANGE);
    await fred.quit();
    expect(await keys(redis)).toEqual([]);
    const other = fleet.join({ connection: behind(5) });
    await other.hire('tick', { every: 50, work });
    await fleet.ticks('tick', 1);
    expect(await keys(redis)).toEqual(['db5']);
    await other.quit();
  } finally {
    redis.disconnect();
    await group.stop();
    rmSync(dir, { recursive: true, force: true });
  }
});
