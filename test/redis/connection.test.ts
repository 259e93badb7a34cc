import { join as joinPath } from 'node:path';
import { inspect } from 'node:util';
import { Cluster, Redis } from 'ioredis';
import type Bossman from '../../src';
import { addressOf, checkPrefix, connect, reasonOf } from '../../src/redis/connection';
import { makeFleet } from '../support/fleet';
import { type RedisServer, startServer } from '../support/redis';
import { waitFor } from '../support/wait';

describe('a connection', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startServer({ args: ['--requirepass', 'secret'] });
  });
  afterAll(() => server.stop());

  const fleet = makeFleet();

  /** A slot and another's demand are run, and the plan is kept in that database. */
  const expectRuns = async (connection: Bossman.Connection, db: number, keyPrefix = '') => {
    const [one, other] = [fleet.join({ connection }), fleet.join({ connection })];
    await one.hire('tick', { every: 50, work() {} });
    await one.hire('demanded', { work() {} });
    await other.demand('demanded');
    const jobs = () => new Set(fleet.told.finish.map(({ job }) => job));
    await waitFor('a slot and a demand', () => jobs().size === 2);
    const redis = new Redis(server.port, { password: 'secret', db });
    const plans = await redis.hkeys(`${keyPrefix}${fleet.prefix}:plans`);
    redis.disconnect();
    expect(plans).toEqual(['tick']);
  };

  test.each<[string, () => Bossman.Connection, number]>([
    ['options', () => ({ port: server.port, password: 'secret', db: 2 }), 2],
    ['a URL with a database', () => `redis://:secret@127.0.0.1:${server.port}/3`, 3],
    ['a URL with the database in its query', () => `redis://:secret@127.0.0.1:${server.port}?db=4`, 4],
    ["a socket's path, in options", () => ({ path: socketOf(server), password: 'secret' }), 0],
    ["a socket's path with options in its query", () => `${socketOf(server)}?password=secret&db=5`, 5],
  ])('may be %s', (_what, connection, db) => expectRuns(connection(), db));

  test("may be a port, or a socket's path", async () => {
    const open = await startServer();
    const instances = [open.port, socketOf(open)].map((connection, index) =>
      fleet.join({ connection, prefix: `${index}` }),
    );
    for (const instance of instances) await instance.hire('tick', { every: 50, work() {} });
    await waitFor('a slot by each', () => fleet.told.finish.length >= 2);
    const redis = new Redis(open.port);
    expect((await redis.keys('*:plans')).sort()).toEqual(['0:plans', '1:plans']);
    redis.disconnect();
    await Promise.all(instances.map((instance) => instance.quit()));
    await open.stop();
  });

  test("may be a client of the caller's, which stays open and as it was", async () => {
    const caller = new Redis(server.port, {
      password: 'secret',
      db: 6,
      keyPrefix: 'app:',
      autoResubscribe: false,
    });
    const before = inspect(caller.options);
    const heard: string[] = [];
    caller.on('end', () => heard.push('end'));
    await expectRuns(caller, 6, 'app:');
    for (const listener of ['error', 'message', 'ready']) expect(caller.listenerCount(listener)).toBe(0);
    expect(inspect(caller.options)).toBe(before);
    expect(await caller.set('key', 'value')).toBe('OK');
    expect(heard).toEqual([]);
    caller.disconnect();
  });

  test("may be a client of the caller's that has not connected, and does not connect it", async () => {
    const caller = new Redis(server.port, { password: 'secret', lazyConnect: true });
    await expectRuns(caller, 0);
    expect(caller.status).toBe('wait');
  });

  test('may be a client by another copy of ioredis', async () => {
    let Other = Redis;
    jest.isolateModules(() => {
      Other = jest.requireActual<typeof import('ioredis')>('ioredis').Redis;
    });
    const caller = new Other(server.port, { password: 'secret', db: 7, lazyConnect: true });
    expect(caller).not.toBeInstanceOf(Redis);
    await expectRuns(caller, 7);
  });
});

describe('a client of our own', () => {
  /** Nobody listens there, and nothing waits for anybody. */
  const NOWHERE = { host: '127.0.0.1', port: 1 };
  const made: { disconnect(): void }[] = [];
  afterEach(() => {
    for (const client of made.splice(0)) client.disconnect();
  });
  const callers = <C extends { disconnect(): void }>(client: C): C => {
    made.push(client);
    return client;
  };
  const connected = (
    connection: Bossman.Connection | undefined,
    role: 'commands' | 'subscriber' = 'commands',
  ) => callers(connect(connection, role));

  const given = {
    username: 'app',
    password: 'secret',
    db: 3,
    keyPrefix: 'app:',
    tls: { servername: 'redis.internal' },
    connectionName: 'scheduler',
  };
  const retryStrategy = () => 70;

  test("has the options of the caller's client", () => {
    const caller = callers(new Redis({ ...NOWHERE, ...given, retryStrategy, lazyConnect: true }));
    for (const role of ['commands', 'subscriber'] as const) {
      const { options } = connected(caller, role);
      expect(options).toMatchObject({ ...NOWHERE, ...given });
      expect('retryStrategy' in options && options.retryStrategy?.(1)).toBe(70);
    }
  });

  test("has the options and the nodes of the caller's Cluster", () => {
    const { username, password, tls, connectionName, keyPrefix } = given;
    const redisOptions = { username, password, tls, connectionName };
    const caller = callers(
      new Cluster([NOWHERE], {
        lazyConnect: true,
        keyPrefix,
        clusterRetryStrategy: retryStrategy,
        redisOptions,
      }),
    );
    const { options } = connected(caller);
    expect(options).toMatchObject({ keyPrefix, redisOptions });
    expect('clusterRetryStrategy' in options && options.clusterRetryStrategy?.(1)).toBe(70);
    expect(options).not.toBe(caller.options);
    expect(caller.options.redisOptions).toBe(redisOptions);
  });

  const CONTRARY = {
    ...NOWHERE,
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: 10,
    enableAutoPipelining: true,
    stringNumbers: true,
    keepAlive: 600_000,
  };
  const NEEDED = {
    enableOfflineQueue: true,
    maxRetriesPerRequest: null,
    commandTimeout: undefined,
    enableAutoPipelining: false,
    stringNumbers: false,
    replyMapping: 'legacy',
    keepAlive: 30_000,
  };

  test.each<[string, () => Bossman.Connection]>([
    ['options', () => CONTRARY],
    ['a client', () => callers(new Redis(CONTRARY))],
    [
      'a URL',
      () => 'redis://127.0.0.1:1?lazyConnect=1&maxRetriesPerRequest=1&stringNumbers=1&commandTimeout=1',
    ],
    ['a port', () => 1],
  ])('lets commands wait for Redis, whatever the value of %s', (_what, connection) => {
    const client = connected(connection());
    expect(client.status).toBe('connecting');
    expect(client.options).toMatchObject(NEEDED);
  });

  test('lets commands wait for a Cluster, whatever its options', () => {
    const caller = new Cluster([NOWHERE], {
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRedirections: 2,
      retryDelayOnFailover: 0,
      retryDelayOnClusterDown: 0,
      clusterNodeRetryStrategy: () => 10,
      enableAutoPipelining: true,
      redisOptions: CONTRARY,
    });
    expect(connected(callers(caller)).options).toMatchObject({
      lazyConnect: false,
      enableOfflineQueue: true,
      maxRedirections: Number.POSITIVE_INFINITY,
      retryDelayOnFailover: 200,
      retryDelayOnClusterDown: 200,
      clusterNodeRetryStrategy: null,
      enableAutoPipelining: false,
      redisOptions: { ...NEEDED, lazyConnect: true },
    });
  });

  test('leaves subscribing again after a break to the listener', () => {
    expect(connected(NOWHERE, 'subscriber').options).toMatchObject({ autoResubscribe: false });
    expect(connected(NOWHERE, 'commands').options).toMatchObject({ autoResubscribe: true });
  });

  test.each<[Bossman.Connection | undefined, string]>([
    [undefined, 'localhost:6379'],
    [{}, 'localhost:6379'],
    ['redis://app:secret@127.0.0.1:1/3', '127.0.0.1:1'],
    [{ path: '/tmp/redis.sock', password: 'secret' }, '/tmp/redis.sock'],
  ])('made from %j is described as connecting to %s', (connection, address) => {
    expect(addressOf(connected(connection))).toBe(address);
  });

  test('of sentinels is described by the group that they watch', () => {
    const options = { sentinels: [NOWHERE], name: 'chief', password: 'secret' };
    expect(addressOf(callers(new Redis({ ...options, lazyConnect: true })))).toBe('sentinel chief');
  });

  test('of a Cluster is described by its first nodes', () => {
    const nodes = [{ host: 'a', port: 1 }, 2, 'redis://:secret/2@b:3/0?password=secret', { host: 'c' }];
    const caller = callers(new Cluster(nodes, { lazyConnect: true, redisOptions: { password: 'secret' } }));
    expect(addressOf(caller)).toBe('the cluster at a:1, 127.0.0.1:2, b:3, c:6379');
  });

  test.each([0, 65536, 1.5, Number.NaN])('is not made for port %p', (port) => {
    expect(() => connected(port)).toThrow(RangeError);
  });
});

describe('a prefix on a Cluster', () => {
  const cluster = (options: ConstructorParameters<typeof Cluster>[1] = {}) =>
    new Cluster([{ host: '127.0.0.1', port: 1 }], { ...options, lazyConnect: true });

  test.each(['bossman', '{}bossman', '{bossman', 'bossman}{', 'a{}{b}', ''])(
    '%p has no hash tag',
    (prefix) => {
      expect(() => checkPrefix(prefix, cluster())).toThrow(RangeError);
      expect(() => checkPrefix(prefix, cluster())).toThrow(`prefix: ${inspect(prefix)} has no hash tag`);
    },
  );

  test.each(['{bossman}', 'app:{jobs}:x', '{a}{}', '}{a}', '{\n}'])('%p has one', (prefix) => {
    expect(() => checkPrefix(prefix, cluster())).not.toThrow();
  });

  test("needs none when ioredis' keyPrefix has one", () => {
    for (const options of [{ keyPrefix: '{app}:' }, { redisOptions: { keyPrefix: '{app}:' } }]) {
      expect(() => checkPrefix('bossman', cluster(options))).not.toThrow();
    }
    expect(() => checkPrefix('}', cluster({ keyPrefix: '{app' }))).not.toThrow();
    expect(() => checkPrefix('{jobs}', cluster({ keyPrefix: '{}' }))).toThrow(RangeError);
  });

  test('may be anything elsewhere', () => {
    for (const connection of [undefined, 1, 'redis://127.0.0.1', {}]) checkPrefix('bossman', connection);
  });
});

test('the reason why a Cluster failed is the last error of a node', () => {
  const lastNodeError = new Error('WRONGPASS');
  expect(reasonOf(Object.assign(new Error('Failed to refresh slots cache.'), { lastNodeError }))).toBe(
    lastNodeError,
  );
  const refused = new Error('connect ECONNREFUSED');
  expect(reasonOf(refused)).toBe(refused);
});

function socketOf(server: RedisServer): string {
  return joinPath(server.dir, 'redis.sock');
}
