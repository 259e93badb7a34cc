import { once } from 'node:events';
import { createServer } from 'node:net';
import type Bossman from '../../src';
import { caughtUp } from '../support/caught-up';
import { makeFaultyFleet } from '../support/faults';
import { FLAWLESS, flawsOf } from '../support/flaws';
import { startProxy } from '../support/proxy';
import { delay, waitFor } from '../support/wait';

const fleet = makeFaultyFleet();
const work = () => {};

const demandRuns = () => fleet.told.start.filter(({ demandedAt }) => demandedAt !== null).length;

/** An instance whose connections can be cut for as long as one likes. */
function joinCuttable(name: string) {
  let waitMs = 20;
  const instance = fleet.join({}, { connectionName: name, retryStrategy: () => waitMs });
  const connections = async () => {
    const list = String(await fleet.redis.client('LIST')).split('\n');
    return list
      .filter((line) => line.includes(` name=${name} `))
      .map((line) => /id=(\d+)/.exec(line)?.[1] ?? '');
  };
  return {
    instance,
    connections,
    /** What breaks its connections from now on keeps it away for so long. */
    stayAway(ms: number) {
      waitMs = ms;
    },
    async cut(ms: number) {
      waitMs = ms;
      for (const id of await connections()) await fleet.redis.client('KILL', 'ID', id);
      await waitFor('it to be cut off', async () => (await connections()).length === 0);
    },
  };
}

beforeEach(() => fleet.allowErrors(/^CONNECTION/));

describe('a subscriber whose connection is killed', () => {
  it('runs a demand that another instance made before it was back', async () => {
    const [fred, other] = [fleet.join({}, { retryStrategy: () => 3000 }), fleet.join()];
    await fred.hire('wanted', { work });
    await fleet.heardBy(2);
    await fleet.killConnections('pubsub');
    await fleet.heardBy(1);
    await other.demand('wanted');
    expect(demandRuns()).toBe(0);
    await waitFor('the run', () => demandRuns() > 0);
    await fleet.heardBy(2);
    await other.demand('wanted');
    await waitFor('another', () => demandRuns() > 1);
    expect(demandRuns()).toBe(2);
  });

  it('learns of a plan with an earlier slot that another instance hired before it quit meanwhile', async () => {
    const [fred, other] = [fleet.join({}, { retryStrategy: () => 2000 }), fleet.join()];
    await fred.hire('job', { every: '1 hour', work });
    await fleet.heardBy(2);
    await fleet.killConnections('pubsub');
    await fleet.heardBy(1);
    await other.hire('job', { every: 300, work });
    await other.quit();
    await waitFor('the plan to be followed', () => fleet.toldBy(fred).plan.length > 0);
    await fleet.ticks('job', 1);
  });

  it('does not mistake a message that arrives with the acknowledgement for a demand of an original', async () => {
    const proxy = await startProxy(fleet.server.port);
    try {
      const fred = fleet.join({}, { port: proxy.port });
      await fred.hire('wanted', { work });
      await fleet.heardBy(1);
      // As long as that, an expiry is taken for that of a demand whose bell was missed.
      await delay(500);
      const subscribes = proxy.holdAt('subscribe');
      await fleet.killConnections('pubsub');
      const release = await subscribes;
      const expired = '__keyevent@0__:expired';
      const listeners = async () => Number((await fleet.redis.pubsub('NUMSUB', expired))[1]);
      await waitFor('Redis to have subscribed it', async () => (await listeners()) === 1);
      await fleet.redis.publish(expired, `${fleet.prefix}:work:demand:wanted`);
      await delay(50);
      release();
      await delay(500);
      expect(demandRuns()).toBe(0);
      await fleet.redis.publish(expired, `${fleet.prefix}:work:demand:wanted`);
      await waitFor('a demand of an original', () => demandRuns() === 1);
    } finally {
      await proxy.close();
    }
  });

  it('again and again loses no slot and no demand', async () => {
    const [fred, other] = [fleet.join(), fleet.join()];
    for (const instance of [fred, other]) await instance.hire('tick', { every: 100, work });
    await fred.hire('wanted', { work });
    for (let round = 1; round <= 10; round += 1) {
      await fleet.killConnections('pubsub');
      await other.demand('wanted');
      await waitFor('the run', () => demandRuns() >= round);
      await fleet.ticks('tick', 1);
    }
    await fleet.ticks('tick', 2);
    expect(demandRuns()).toBe(10);
    expect(flawsOf(fleet.told, 'tick', 100)).toEqual(FLAWLESS);
  });
});

it('a port that closes each connection is reported once, and pending calls are carried out when Redis is there', async () => {
  const { port } = fleet.server;
  await fleet.server.kill();
  let accepted = 0;
  const closing = createServer((socket) => {
    accepted += 1;
    socket
      .on('error', () => {})
      .resume()
      .end();
  });
  await once(closing.listen(port, '127.0.0.1'), 'listening');
  const fred = fleet.join();
  const hired = fred.hire('tick', { every: 100, work });
  await waitFor('it to try again and again', () => accepted >= 10);
  closing.close();
  await once(closing, 'close');
  await fleet.server.start();
  await hired;
  await fleet.ticks('tick', 2);
  expect(fleet.toldBy(fred).error).toEqual([
    expect.stringMatching(
      /^CONNECTION: .*\(closed by the other side at once; .* rediss:\/\/\); trying again/,
    ),
  ]);
});

it('when all connections are killed again and again, no slot or demand is lost or doubled', async () => {
  const members = [fleet.join(), fleet.join(), fleet.join()];
  for (const fred of members) await fred.hire('tick', { every: 100, work });
  await members[0]?.hire('wanted', { work });
  for (let round = 1; round <= 15; round += 1) {
    await fleet.killConnections('pubsub');
    await fleet.killConnections('normal');
    await members[1]?.demand('wanted');
    await waitFor('the run', () => demandRuns() >= round);
    if (round % 3 === 0) await fleet.ticks('tick', 1);
  }
  await fleet.ticks('tick', 3);
  expect(demandRuns()).toBe(15);
  expect(flawsOf(fleet.told, 'tick', 100)).toEqual(FLAWLESS);
});

describe('of a hire and a fire, the later one wins when Redis comes back empty,', () => {
  const hire = (instance: Bossman) => instance.hire('job', { every: 300, work });
  const fire = (instance: Bossman) => instance.fire('job');
  const storedStamp = async () => (await fleet.redis.hget(`${fleet.prefix}:plans`, 'job'))?.split('|')[0];

  describe.each<[string, string, (instance: Bossman) => Promise<void>, (instance: Bossman) => Promise<void>]>(
    [
      ['hire', 'fire', hire, fire],
      ['fire', 'hire', fire, hire],
    ],
  )('also where one member has heard of the %s only', (earlier, later, first, second) => {
    it.each([
      [`knows of the ${later}`, 20],
      [`knows of the ${earlier} only`, 6000],
    ])('and the one that comes back first %s', async (_, knowsBackIn) => {
      const missed = joinCuttable('missed');
      const knows = joinCuttable('knows');
      for (const { instance } of [missed, knows]) await instance.hire('job', { every: '1 hour', work });
      await fleet.heardBy(2);
      await first(knows.instance);
      await waitFor('the other to know', async () => {
        const score = Number(await fleet.redis.zscore(`${fleet.prefix}:due`, 'job'));
        return score >= 1e15 === (earlier === 'fire');
      });
      if (earlier === 'hire') await fleet.ticks('job', 1);
      // A look of both leads to what is stored, so from here on both know.
      await fleet.killConnections('pubsub');
      await fleet.heardBy(2);
      await caughtUp(missed.instance, knows.instance);

      await missed.cut(2000);
      await second(knows.instance);
      const stamp = await storedStamp();
      // The missed one has been away since, so what breaks here is the other's.
      expect(await missed.connections()).toEqual([]);
      knows.stayAway(knowsBackIn);
      await fleet.server.kill();
      await fleet.server.start();
      await waitFor(
        'both to be back',
        async () => (await missed.connections()).length === 2 && (await knows.connections()).length === 2,
      );
      if (later === 'hire') {
        await fleet.ticks('job', 3);
      } else {
        await waitFor(
          'the fire',
          async () => Number(await fleet.redis.zscore(`${fleet.prefix}:due`, 'job')) >= 1e15,
        );
        await caughtUp(missed.instance, knows.instance);
        const slots = fleet.slotsOf('job').length;
        await delay(700);
        expect(fleet.slotsOf('job')).toHaveLength(slots);
      }
      expect(await storedStamp()).toBe(stamp);
      expect(flawsOf(fleet.told, 'job', 300).doubled).toEqual([]);
    });
  });
});
