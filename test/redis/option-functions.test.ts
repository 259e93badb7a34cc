import { Socket } from 'node:net';
import { AbstractConnector, Cluster, type RedisOptions } from 'ioredis';
import type Bossman from '../../src';
import { type Client, connect, OPTION_ERROR } from '../../src/redis/connection';
import { makeFleet } from '../support/fleet';
import { type RedisServer, startServer } from '../support/redis';
import { delay, waitFor as waitForLong } from '../support/wait';

const throws = () => {
  throw new Error('a fault of its own');
};

/** What does not come within this does not come: without its guard, each of these fails, and that soon. */
const waitFor = (what: string, probe: () => unknown) => waitForLong(what, probe, { timeoutMs: 5000 });

let server: RedisServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

const made: Client[] = [];
afterEach(() => {
  for (const client of made.splice(0)) client.disconnect();
});
// What fails while the server is away does not fail the others.
afterEach(async () => {
  if (!server.running) await server.start();
});

/** A client, what was reported about its options, and what failed. */
function connected(connection: Bossman.Connection) {
  const client = connect(connection, 'commands');
  made.push(client);
  const told: string[] = [];
  client.on(OPTION_ERROR, (option, problem) => told.push(`${option} ${problem}`));
  client.on('error', () => {});
  return { client, told };
}

/** Values that are not what a function is there to return; a type could not say so to a program in JavaScript. */
const as = <T>(value: unknown) => value as T;

describe.each<[what: string, answer: () => unknown]>([
  ['throws', throws],
  ['throws nothing', () => Promise.reject(new Error('rejected'))],
  ['returns NaN', () => Number.NaN],
  ['returns a negative number', () => -1],
  ['returns Infinity', () => Number.POSITIVE_INFINITY],
  ['returns a string', () => '100'],
])('a function that %s', (_what, answer) => {
  it('as retryStrategy is reported, and the connection is retried after waits', async () => {
    let calls = 0;
    const retryStrategy = as<() => number>(() => {
      calls += 1;
      return answer();
    });
    const { client, told } = connected({ port: server.port, retryStrategy });
    await waitFor('the first connection', () => client.status === 'ready');
    await server.kill();
    await waitFor('three attempts', () => calls >= 3);
    expect(told.length).toBeGreaterThanOrEqual(3);
    expect(told[0]).toMatch(/^retryStrategy (threw|rejected|returned)/);
    await server.start();
    await waitFor('another connection', () => client.status === 'ready');
    expect(calls).toBeLessThan(50);
  });
});

it.each([null, undefined, false, new Error('enough')])('a retryStrategy gives up by %p', async (answer) => {
  const { client, told } = connected({ port: 1, retryStrategy: as<() => null>(() => answer) });
  await waitFor('the end', () => client.status === 'end');
  expect(told).toEqual([]);
});

it('reconnectOnError that throws leaves the refusal to the command', async () => {
  const { client, told } = connected({ port: server.port, reconnectOnError: throws });
  await expect(client.call('NOSUCH')).rejects.toThrow('unknown command');
  expect(told).toEqual(['reconnectOnError threw (a fault of its own)']);
});

it('clusterRetryStrategy that throws does not stop the attempts', async () => {
  let calls = 0;
  const clusterRetryStrategy = () => {
    calls += 1;
    return throws();
  };
  const cluster = new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true, clusterRetryStrategy });
  const { told } = connected(cluster);
  await waitFor('three attempts', () => calls >= 3);
  expect(told[0]).toBe('clusterRetryStrategy threw (a fault of its own)');
});

/** A connector that fails the first times, in some way, and then connects. */
function flawedConnector(flaw: () => unknown) {
  let attempts = 0;
  return class extends AbstractConnector {
    constructor() {
      super(100);
    }
    connect() {
      attempts += 1;
      this.connecting = true;
      if (attempts <= 2) return as<Promise<Socket>>(flaw());
      this.stream = new Socket().connect(server.port, '127.0.0.1');
      return Promise.resolve(this.stream);
    }
  };
}

it.each<[string, () => unknown]>([
  ['throws', throws],
  ['rejects', () => Promise.reject(new Error('not yet'))],
  ['returns null', () => null],
  ['resolves with something else', () => Promise.resolve({ write() {} })],
])('a Connector that %s is tried again', async (_what, flaw) => {
  const Connector = as<RedisOptions['Connector']>(flawedConnector(flaw));
  const { client } = connected(as<Bossman.Connection>({ Connector }));
  const errors: unknown[] = [];
  client.on('error', (error) => errors.push(error));
  await waitFor('a connection', () => client.status === 'ready');
  expect(errors).toHaveLength(2);
  expect(await client.ping()).toBe('PONG');
});

it('a Connector that never settles is reported once, as slower than a connection may be', async () => {
  const Connector = as<RedisOptions['Connector']>(flawedConnector(() => new Promise(() => {})));
  const { client, told } = connected(as<Bossman.Connection>({ Connector, connectTimeout: 50 }));
  await waitFor('the report', () => told.length > 0);
  expect(told).toEqual(['Connector has made no connection within 50 ms']);
  expect(client.status).toBe('connecting');
});

it('a slow Connector is reported, and its connection is used', async () => {
  const Connector = as<RedisOptions['Connector']>(
    flawedConnector(async () => {
      await delay(200);
      return new Socket().connect(server.port, '127.0.0.1');
    }),
  );
  const { client, told } = connected(as<Bossman.Connection>({ Connector, connectTimeout: 50 }));
  await waitFor('a connection', () => client.status === 'ready');
  expect(told).toEqual(['Connector has made no connection within 50 ms']);
});

describe('an instance', () => {
  const fleet = makeFleet();

  it('reports such a function once, and runs its jobs', async () => {
    const port = server.port;
    fleet.allowErrors(/retryStrategy, in the options of the .* threw|connection .* failed/);
    const fred = fleet.join({ connection: { port, retryStrategy: throws } });
    await fred.hire('tick', { every: 50, work() {} });
    await server.kill();
    await waitFor('the report', () =>
      fleet.told.error.some(({ message }) => message.includes('retryStrategy,')),
    );
    await server.start();
    const before = fleet.told.finish.length;
    await waitFor('a run', () => fleet.told.finish.length > before);
    const reports = fleet.told.error.filter(({ message }) => message.includes('retryStrategy,'));
    expect(reports).toHaveLength(1);
  });
});
