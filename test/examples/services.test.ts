import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Redis } from 'ioredis';
import { type RedisServer, startServer } from '../support/redis';
import { waitFor } from '../support/wait';
import { startCluster, startSentinels } from '../topologies/servers';
import { type Example, exampleStarter } from './start';

jest.setTimeout(120_000);

const start = exampleStarter();
const PATIENT = { timeoutMs: 60_000 };
const WELL = { code: 0, stderr: '' };

const slotsOf = (...services: Example[]) =>
  services.flatMap(({ lines }) => lines.flatMap((line) => /^slot (\d+)$/.exec(line)?.[1] ?? []));

/** Resolves when this many more slots have been run, from now on. */
async function moreSlots(count: number, ...services: Example[]): Promise<void> {
  const before = slotsOf(...services).length;
  await waitFor(`${count} more slots`, () => slotsOf(...services).length >= before + count, PATIENT);
}

function expectOnceEach(slots: string[]): void {
  expect(new Set(slots).size).toBe(slots.length);
}

async function expectPassed(tests: Example, count: number): Promise<void> {
  const { code } = await tests.exit;
  const results = tests.lines.filter((line) => /^# (pass|fail) /.test(line));
  expect(results).toEqual([`# pass ${count}`, '# fail 0']);
  expect(code).toBe(0);
}

describe('with a Redis of its own,', () => {
  let server: RedisServer;
  beforeEach(async () => {
    server = await startServer();
  });
  afterEach(() => server.stop());

  it('examples/fastify is ready when its jobs are hired; on SIGTERM it finishes its run and exits', async () => {
    const service = start('fastify', { REDIS_URL: server.url, PORT: '0', REPORT_MS: '3000' });
    const [, url = ''] = await service.prints(/listening at (http:[^"]+)"/);
    const status = async (path: string, method = 'GET') => (await fetch(url + path, { method })).status;
    await waitFor('it to be ready', async () => (await status('/ready')) === 200);
    expect(await status('/live')).toBe(200);
    expect(await status('/report', 'POST')).toBe(202);
    await service.prints(/"msg":"run started"/);

    service.end();
    await waitFor('it not to be ready', async () => (await status('/ready')) === 503);
    expect(service.lines.filter((line) => /run finished/.test(line))).toEqual([]);
    expect(await service.exit).toEqual(WELL);
    expect(service.lines.filter((line) => /run finished/.test(line))).toHaveLength(1);
    const redis = new Redis(server.port);
    expect(await redis.exists('shop:lock:report')).toBe(0);
    redis.disconnect();
  });

  it('examples/fastify answers, but is not ready, for as long as Redis is away', async () => {
    await server.kill();
    const service = start('fastify', { REDIS_URL: server.url, PORT: '0' });
    const [, url = ''] = await service.prints(/listening at (http:[^"]+)"/);
    const ready = async () => (await fetch(`${url}/ready`)).status;
    expect(await ready()).toBe(503);
    await service.prints(/"code":"CONNECTION"/);
    await server.start();
    await waitFor('it to be ready', async () => (await ready()) === 200, PATIENT);
    service.end();
    expect(await service.exit).toEqual(WELL);
  });

  it('examples/qa times runs, retries them, ends those that take too long, and alerts', async () => {
    const alerted: string[] = [];
    const webhook = createServer(async (request, response) => {
      alerted.push(JSON.parse(await text(request)).text);
      response.end();
    });
    await new Promise<void>((resolve) => webhook.listen(0, '127.0.0.1', resolve));
    try {
      const address = webhook.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      const service = start('qa', { REDIS_URL: server.url, WEBHOOK_URL: `http://127.0.0.1:${port}` });
      await service.prints(/^flaky worked at try 3$/);
      await service.prints(/^flaky took \d+ ms$/);
      // Three times 300 ms.
      const [, took] = await service.prints(/^slow took (\d+) ms$/);
      expect(Number(took)).toBeGreaterThanOrEqual(900);
      await waitFor('an alert', () => alerted.length > 0, PATIENT);
      expect(alerted).toEqual([expect.stringMatching(/^slow has failed 2 times in a row: AbortError/)]);
      service.end();
      const { code, stderr } = await service.exit;
      expect(code).toBe(0);
      expect(stderr).not.toMatch(/flaky/);
    } finally {
      webhook.closeAllConnections();
      webhook.close();
    }
  });

  it('the tests of examples/testing with a real Redis pass', async () => {
    await expectPassed(start('testing', { REDIS_URL: server.url }, 'redis'), 2);
  });
});

it('the tests of examples/testing in memory pass without a Redis', async () => {
  // Port 1 refuses connections.
  await expectPassed(start('testing', { REDIS_URL: 'redis://127.0.0.1:1' }), 5);
});

it('examples/sentinel continues when the primary dies, and runs each slot once', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bossman-example-'));
  const group = await startSentinels(dir);
  try {
    const SENTINELS = group.sentinels.map(({ host, port }) => `${host}:${port}`).join(',');
    const service = start('sentinel', { SENTINELS, SENTINEL_NAME: group.name });
    await moreSlots(2, service);
    await group.primary.kill();
    await moreSlots(3, service);
    service.end();
    expect(await service.exit).toMatchObject({ code: 0 });
    expectOnceEach(slotsOf(service));
  } finally {
    await group.stop();
    rmSync(dir, { recursive: true });
  }
});

it('examples/cluster runs each slot once in a fleet of two, and both exit on SIGTERM', async () => {
  const cluster = await startCluster();
  try {
    const CLUSTER_NODES = cluster.servers.map(({ port }) => `127.0.0.1:${port}`).join(',');
    const services = [start('cluster', { CLUSTER_NODES }), start('cluster', { CLUSTER_NODES })];
    await Promise.all(services.map((service) => service.prints(/^hired$/)));
    await moreSlots(3, ...services);
    for (const service of services) service.end();
    for (const service of services) expect(await service.exit).toEqual(WELL);
    expectOnceEach(slotsOf(...services));
  } finally {
    await cluster.stop();
  }
});
