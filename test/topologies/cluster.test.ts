import { inspect } from 'node:util';
import { Cluster } from 'ioredis';
import { caughtUp } from '../support/caught-up';
import { FLAWLESS, flawsAfterLoss, flawsOf, medianLateness } from '../support/flaws';
import { makeFleet } from '../support/fleet';
import { type RedisServer, startServer } from '../support/redis';
import { delay, waitFor } from '../support/wait';
import { serveWeb } from '../web/site';
import { ask, type ServerCluster, startCluster } from './servers';

jest.setTimeout(120_000);

const PREFIX = '{bossman}';

describe('a Cluster of three', () => {
  const fleet = makeFleet();
  let cluster: ServerCluster;
  let caller: Cluster;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(() => cluster.stop());
  beforeEach(() => {
    caller = cluster.client({ lazyConnect: true });
  });
  afterEach(async () => {
    caller.disconnect();
    await cluster.onEach('FLUSHALL');
  });

  const join = () => fleet.join({ connection: caller, prefix: PREFIX });
  /** How many connections listen to the bell, on all nodes. */
  const listeners = async () => {
    const counts = await Promise.all(
      cluster.servers.map((server) => ask(server, (redis) => redis.pubsub('NUMSUB', `${PREFIX}:bell:0`))),
    );
    return counts.reduce((sum, [, count]) => sum + Number(count), 0);
  };
  const heardBy = (count: number) => waitFor(`${count} to listen`, async () => (await listeners()) === count);

  test('jobs run on time, on the grid, each slot once in a fleet of three', async () => {
    const instances = [join(), join(), join()];
    await Promise.all(instances.map((one) => one.hire('tick', { every: 200, work() {} })));
    await waitFor('20 slots', () => fleet.told.finish.length >= 20);
    expect(flawsOf(fleet.told, 'tick', 200)).toEqual(FLAWLESS);
    expect(medianLateness(fleet.told)).toBeLessThan(200);
  });

  test('a demand that another instance makes is run once, whichever nodes the two listen to', async () => {
    const worker = join();
    await worker.hire('job', { work() {} });
    const others = [join(), join(), join()];
    await heardBy(4);
    for (const [index, other] of others.entries()) {
      await other.demand('job');
      await waitFor('its run', () => fleet.told.finish.length === index + 1);
    }
    expect(fleet.toldBy(worker).start).toHaveLength(3);
  });

  test('a demand that an instance makes and takes itself is run once', async () => {
    const one = join();
    await Promise.all([one.hire('job', { work() {} }), one.demand('job')]);
    await waitFor('its run', () => fleet.told.finish.length === 1);
  });

  test('its pages show the fleet, and what another instance changes is pushed to them', async () => {
    const [one, other] = [join(), join()];
    await one.hire('job', { every: '1 hour', work() {} });
    const { site } = await serveWeb(fleet, one);
    await heardBy(2);
    const tab = await site.listen();
    await waitFor('the tab to be ready', () => tab.heard.length > 0);
    expect((await site.get('/api/jobs')).json).toMatchObject({ instances: 2, jobs: [{ name: 'job' }] });
    await other.pause('job');
    await waitFor('the pause', () => tab.jobs.get('job')?.paused);
    expect((await site.post('/api/jobs/job/resume')).json.job.paused).toBeNull();
    expect((await site.post('/api/jobs/job/demand')).status).toBe(200);
    await waitFor('the run', () => tab.jobs.get('job')?.runs === 1);
    expect((await site.get('/api/jobs/job/history')).json.runs).toHaveLength(1);
  });

  test('a job that one instance fires ends in the whole fleet, and another hire starts it again', async () => {
    const [one, other] = [join(), join()];
    for (const instance of [one, other]) await instance.hire('job', { every: 100, work() {} });
    await heardBy(2);
    await waitFor('a slot', () => fleet.told.finish.length > 0);
    await one.fire('job');
    await caughtUp(one, other);
    const { length } = fleet.told.start;
    await delay(500);
    expect(fleet.told.start).toHaveLength(length);
    await other.hire('job', { every: 100, work() {} });
    await waitFor('a slot', () => fleet.told.finish.length > length);
  });

  test('the lock of a run that outlives its ttl is renewed', async () => {
    const one = join();
    const aborted: unknown[] = [];
    await one.hire('long', {
      ttl: 2000,
      keepAlive: true,
      async work({ signal }) {
        signal.addEventListener('abort', () => aborted.push(signal.reason));
        await delay(4000);
      },
    });
    await one.demand('long');
    await waitFor('its run', () => fleet.told.finish.length === 1);
    expect({ aborted, lost: fleet.told.lost }).toEqual({ aborted: [], lost: [] });
  });

  test('a demand made while the subscriber was cut off is run promptly after', async () => {
    const worker = join();
    await worker.hire('job', { work() {} });
    const other = join();
    await heardBy(2);
    for (let round = 1; round <= 5; round += 1) {
      // What is cut off waits for 100 ms before it connects again.
      await cluster.onEach('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await other.demand('job');
      await waitFor('its run', () => fleet.told.finish.length === round);
      await heardBy(2);
    }
    expect(fleet.toldBy(worker).start).toHaveLength(5);
  });

  test('any instance returns the whole fleet, whichever nodes the instances listen to', async () => {
    const [one, other, third] = [join(), join(), join()];
    await one.hire('tick', { every: 100, work() {} });
    await other.hire('wanted', { work() {} });
    await heardBy(3);
    await third.demand('wanted');
    await waitFor('both to be noted', async () => (await third.jobs()).every(({ runs }) => runs > 0));
    expect(await third.jobs()).toMatchObject([
      { name: 'tick', words: 'every 100 milliseconds', orphaned: false, hiredBy: [expect.any(String)] },
      { name: 'wanted', plan: null, runs: 1, hiredBy: [expect.any(String)] },
    ]);
    await waitFor('all to answer', async () => (await third.fleet()).length === 3);
    expect(await third.history('wanted')).toMatchObject([{ outcome: 'done', slot: null }]);
  });

  test('every connection of an instance is closed when it has quit', async () => {
    const one = join();
    await one.hire('job', { every: 100, work() {} });
    await waitFor('a slot', () => fleet.told.finish.length > 0);
    await one.quit();
    await waitFor('its connections to close', async () => {
      const lists = await Promise.all(
        cluster.servers.map((server) => ask(server, (redis) => redis.client('LIST'))),
      );
      // One is that which asks.
      return lists.every((list) => String(list).trim().split('\n').length === 1);
    });
  });

  test("the caller's own client is not connected, and stays as it was", async () => {
    const one = join();
    await one.hire('job', { every: 100, work() {} });
    await waitFor('a slot', () => fleet.told.finish.length > 0);
    await one.quit();
    expect(caller.status).toBe('wait');
    expect(await caller.set('{x}key', 'value')).toBe('OK');
  });

  test('a user and a password apply to all connections', async () => {
    await cluster.onEach('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all');
    const connection = cluster.client({
      lazyConnect: true,
      redisOptions: { username: 'app', password: 'secret' },
    });
    const [one, other] = [1, 2].map(() => fleet.join({ connection, prefix: PREFIX }));
    await one?.hire('job', { work() {} });
    await heardBy(2);
    await other?.demand('job');
    await waitFor('its run', () => fleet.told.finish.length === 1);
    const users = await Promise.all(
      cluster.servers.map((server) => ask(server, (redis) => redis.call('CLIENT', 'LIST', 'TYPE', 'pubsub'))),
    );
    expect(users.join('').match(/user=\w+/g)).toEqual(['user=app', 'user=app']);
  });

  test('a wrong password is reported once, with the address and without the password', async () => {
    fleet.allowErrors(/^CONNECTION/);
    await cluster.onEach('ACL', 'SETUSER', 'app', 'on', '>secret');
    const redisOptions = { username: 'app', password: 'wrong' };
    fleet.join({ connection: cluster.client({ lazyConnect: true, redisOptions }), prefix: PREFIX });
    await waitFor('an error', () => fleet.told.error.length > 0);
    // Some more attempts.
    await delay(1000);
    const nodes = cluster.servers.map(({ port }) => `127.0.0.1:${port}`).join(', ');
    expect(fleet.told.error.map((error) => error.message)).toEqual([
      expect.stringContaining(`connection to the cluster at ${nodes} failed (WRONGPASS`),
    ]);
    expect(inspect(fleet.told.error, { depth: null, showHidden: true })).not.toContain("'wrong'");
  });

  test('a prefix without a hash tag is refused at once', () => {
    expect(() => fleet.join({ connection: caller, prefix: 'jobs' })).toThrow(RangeError);
    expect(() => fleet.join({ connection: caller, prefix: 'jobs' })).toThrow(
      "prefix: 'jobs' has no hash tag",
    );
    expect(caller.status).toBe('wait');
  });

  test('any database other than 0 is refused at once, and database 0 is used', async () => {
    const [first] = cluster.servers;
    const node = `redis://127.0.0.1:${first?.port}`;
    const inNode = new Cluster([`${node}/3`], { lazyConnect: true });
    const inOptions = cluster.client({ lazyConnect: true, redisOptions: { db: 3 } });
    for (const connection of [inNode, inOptions]) {
      const make = () => fleet.join({ connection, prefix: PREFIX });
      expect(make).toThrow(RangeError);
      expect(make).toThrow('.db: 3 is not 0, the only database of a Cluster');
    }
    const connection = new Cluster([`${node}/0`], { lazyConnect: true, redisOptions: { db: 0 } });
    await fleet.join({ connection, prefix: PREFIX }).hire('tick', { every: 100, work() {} });
    await waitFor('two slots', () => fleet.told.finish.length >= 2);
  });

  test('a node that does not have the keys is reported with what to do about it', async () => {
    const owner = await cluster.ownerOf(`${PREFIX}:plans`);
    const other = cluster.servers.find((server) => server !== owner);
    const message = /MOVED \d+ 127\.0\.0\.1:\d+; this is one node of a Cluster: pass an ioredis Cluster as /;
    fleet.allowErrors(message);
    const fred = fleet.join({ connection: { port: Number(other?.port) }, prefix: PREFIX });
    await expect(fred.hire('tick', { every: 100, work() {} })).rejects.toThrow(message);
    await fred.quit();
  });

  test("the hash tag may be in ioredis' keyPrefix", async () => {
    const connection = cluster.client({ keyPrefix: '{app}:' });
    const instances = [1, 2].map(() => fleet.join({ connection, prefix: 'jobs' }));
    for (const one of instances) await one.hire('tick', { every: 100, work() {} });
    await waitFor('five slots', () => fleet.told.finish.length >= 5);
    expect(flawsOf(fleet.told, 'tick', 100)).toEqual(FLAWLESS);
    connection.disconnect();
  });
});

describe('a Cluster of three, each with a replica', () => {
  const fleet = makeFleet();
  let cluster: ServerCluster;
  beforeAll(async () => {
    cluster = await startCluster({ replicas: true });
  });
  afterAll(() => cluster.stop());

  // What was acknowledged was handed to the replica in the same turn of the server's loop; see sentinel.test.ts.
  test('when the node with the jobs is killed, its replica takes over, and no slot is doubled or lost', async () => {
    fleet.allowErrors(/^CONNECTION/);
    const connection = cluster.client({ lazyConnect: true });
    const instances = [1, 2, 3].map(() => fleet.join({ connection, prefix: PREFIX }));
    const jobs = ['one', 'two', 'three', 'four'];
    for (const instance of instances) {
      await Promise.all(jobs.map((job) => instance.hire(job, { every: 100, work() {} })));
      await instance.hire('fired', { every: 100, work() {} });
      await instance.hire('demanded', { work() {} });
    }
    const startsOf = (job: string) => fleet.told.start.filter((run) => run.job === job).length;
    const moreOf = async (job: string, count: number) => {
      const before = startsOf(job);
      await waitFor(`${count} more of ${job}`, () => startsOf(job) >= before + count);
    };
    const [one] = instances;
    await moreOf('fired', 1);
    await one?.fire('fired');
    await Promise.all(jobs.map((job) => moreOf(job, 3)));
    const fired = startsOf('fired');

    const owner = await cluster.ownerOf(`${PREFIX}:plans`);
    await owner.kill();
    // Waits for the replica, and is not refused.
    await one?.demand('demanded');
    await Promise.all(jobs.map((job) => moreOf(job, 5)));
    for (const job of jobs) {
      expect({ job, ...flawsOf(fleet.told, job, 100) }).toEqual({ job, ...FLAWLESS });
    }
    expect(startsOf('demanded')).toBe(1);
    expect(startsOf('fired')).toBe(fired);
  });
});

describe('a Cluster of three whose nodes persist nothing', () => {
  const fleet = makeFleet();
  let cluster: ServerCluster;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(() => cluster.stop());

  test('when a node comes back empty, it gets its plans back, and demands are run', async () => {
    fleet.allowErrors(/^CONNECTION/);
    const connection = cluster.client({ lazyConnect: true });
    // One for each of the nodes, and to whichever each of them listens.
    for (const prefix of ['{a}', '{b}', '{c}']) {
      const one = fleet.join({ connection, prefix });
      await one.hire('rare', { every: '1 day', work() {} });
      await one.hire(prefix, { work() {} });

      const owner = await cluster.ownerOf(`${prefix}:plans`);
      await owner.kill();
      await owner.start();
      const plans = () => ask(owner, (redis) => redis.hkeys(`${prefix}:plans`));
      await waitFor('the plan to be back', async () => (await plans()).length === 1);
      await fleet.join({ connection, prefix }).demand(prefix);
      await waitFor('the demand', () => fleet.toldBy(one).finish.length === 1);
    }
  });

  test('when the whole Cluster comes back empty, the plan continues where it was', async () => {
    fleet.allowErrors(/^CONNECTION/);
    const connection = cluster.client({ lazyConnect: true });
    for (const one of [1, 2].map(() => fleet.join({ connection, prefix: PREFIX }))) {
      await one.hire('tick', { every: 100, work() {} });
    }
    await waitFor('a slot', () => fleet.told.finish.length > 0);

    await Promise.all(cluster.servers.map((server) => server.kill()));
    await Promise.all(cluster.servers.map((server) => server.start()));
    const { length } = fleet.told.finish;
    await waitFor('more slots', () => fleet.told.finish.length >= length + 5);
    expect(flawsAfterLoss(fleet, 'tick', 100)).toEqual(FLAWLESS);
  });
});

describe('a Cluster of one node that does not know its own address', () => {
  const fleet = makeFleet();
  let server: RedisServer;
  beforeAll(async () => {
    server = await startServer({ args: ['--cluster-enabled', 'yes'] });
    await ask(server, (redis) => redis.cluster('ADDSLOTSRANGE', 0, 16383));
  });
  afterAll(() => server.stop());

  test('is reported, and pending calls are carried out when it knows it', async () => {
    fleet.allowErrors(/^CONNECTION/);
    const connection = new Cluster([{ host: '127.0.0.1', port: server.port }], { lazyConnect: true });
    const fred = fleet.join({ connection, prefix: PREFIX });
    const hired = fred.hire('tick', { every: 100, work() {} });
    const { error } = fleet.toldBy(fred);
    await waitFor('an error', () =>
      error.some(({ message }) => /no node became ready.*CLUSTER SLOTS/.test(message)),
    );
    await ask(server, (redis) => redis.config('SET', 'cluster-announce-ip', '127.0.0.1'));
    await hired;
    await waitFor('slots', () => fleet.told.finish.length >= 2);
  });
});
