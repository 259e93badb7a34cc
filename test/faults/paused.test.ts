import { makeFaultyFleet } from '../support/faults';
import { FLAWLESS, flawsAfterLoss } from '../support/flaws';
import { winning } from '../support/held-starts';
import { monitor } from '../support/monitor';
import { waitFor } from '../support/wait';

jest.mock('../../src/slots/starts', () => jest.requireActual('../support/held-starts').heldStarts());

const EVERY = 100;
const fleet = makeFaultyFleet();
const work = () => {};
const tick = { every: EVERY, work };
const key = (name: string) => `${fleet.prefix}:${name}`;

async function storedSlot(name: string): Promise<number> {
  return Number(await fleet.redis.zscore(key('due'), name));
}

/** Waits until this many slots of a job have passed, and returns those that were run meanwhile. */
async function pass(name: string, slots: number): Promise<(number | null)[]> {
  const before = fleet.slotsOf(name).length;
  const from = await waitFor('a slot', () => storedSlot(name));
  await waitFor('slots to pass', async () => (await storedSlot(name)) >= from + slots * EVERY);
  return fleet.slotsOf(name).slice(before);
}

const storedPause = async (name: string) => (await fleet.redis.hget(key('paused'), name)) ?? '';

describe('a paused job', () => {
  it('stays paused when Redis comes back empty, also for a process that hires it only then', async () => {
    fleet.allowErrors(/^CONNECTION/);
    const fred = fleet.join({}, { retryStrategy: () => 300 });
    await fred.hire('tick', tick);
    await fred.hire('other', tick);
    await fred.pause('tick', { note: 'why' });
    for (let round = 0; round < 2; round += 1) {
      await fleet.server.kill();
      await fleet.server.start();
      const next = fleet.join();
      await next.hire('tick', { every: 10 * EVERY, work });
      await waitFor('the pause', () => storedPause('tick'));
      await waitFor('the new one to know of it', () => fleet.toldBy(next).pause.length === 1);
      expect(fleet.toldBy(next).pause[0]).toMatchObject({ note: 'why', until: null });
      expect(await pass('tick', 3)).toEqual([]);
      await next.quit();
    }
    await fred.resume('tick');
    await fleet.ticks('tick', 2);
  });

  it('stays paused then, even if the instance that knows of the pause has not hired it', async () => {
    fleet.allowErrors(/^CONNECTION/);
    const operator = fleet.join();
    await operator.pause('tick');
    await fleet.server.kill();
    await fleet.server.start();
    await waitFor('the pause', () => storedPause('tick'));
    await fleet.join().hire('tick', tick);
    expect(await pass('tick', 3)).toEqual([]);
  });

  it('stays paused after a FLUSHALL that no instance notices, also for a process that hires it later', async () => {
    const members = [fleet.join(), fleet.join()];
    for (const fred of members) await fred.hire('tick', tick);
    await members[0]?.pause('tick');
    await fleet.redis.flushall();
    expect(await pass('tick', 5)).toEqual([]);
    await members[0]?.pause('rare');
    await waitFor('the other to know of it', () => fleet.told.pause.length === 4);
    await fleet.redis.flushall();
    const next = fleet.join();
    await next.hire('rare', { every: 1000, work });
    await waitFor('the pause', () => storedPause('rare'));
    expect(await pass('rare', 12)).toEqual([]);
  });

  it('stays paused if Redis loses only the pause', async () => {
    const members = [fleet.join(), fleet.join()];
    for (const fred of members) await fred.hire('tick', tick);
    await members[0]?.pause('tick');
    await waitFor('both to know of it', () => fleet.told.pause.length === 2);
    for (let round = 0; round < 3; round += 1) {
      await fleet.redis.del(key('paused'));
      expect(await pass('tick', 3)).toEqual([]);
      expect(await storedPause('tick')).not.toBe('');
    }
  });

  it('stays resumed: an instance that was disconnected meanwhile does not bring the pause back', async () => {
    fleet.allowErrors(/^CONNECTION/);
    let waitMs = 20;
    const away = fleet.join({}, { retryStrategy: () => waitMs });
    const fred = fleet.join();
    await away.hire('tick', tick);
    await fred.hire('tick', tick);
    await fred.pause('tick');
    await waitFor('both to know of it', () => fleet.told.pause.length === 2);
    waitMs = 1500;
    await fleet.killConnections('normal');
    await fleet.killConnections('pubsub');
    await waitFor('one to be back', async () => (await fleet.redis.pubsub('NUMSUB', key('bell:0')))[1] === 1);
    await fred.resume('tick');
    await waitFor('both to know of it', () => fleet.toldBy(away).resume.length === 1);
    expect(fleet.toldBy(away).resume).toHaveLength(1);
    await fleet.ticks('tick', 3);
    expect(flawsAfterLoss(fleet, 'tick', EVERY)).toEqual(FLAWLESS);
  });

  it('reports what was due before the pause, also if its plan started anew in an emptied Redis meanwhile', async () => {
    fleet.allowErrors(/^CONNECTION/);
    let waitMs = 20;
    const away = fleet.join({}, { retryStrategy: () => waitMs });
    const operator = fleet.join();
    await away.hire('tick', tick);
    await fleet.ticks('tick', 2);
    waitMs = 2500;
    await fleet.killConnections('normal');
    await fleet.killConnections('pubsub');
    const slot = await waitFor('a slot', () => storedSlot('tick'));
    await waitFor('it to pass', () => Date.now() > slot);
    waitMs = 20;
    await operator.pause('tick');
    await fleet.redis.flushall();
    await fleet.join().hire('tick', tick);
    await waitFor('the pause', () => storedPause('tick'));
    await pass('tick', 3);
    await waitFor('the report', () => fleet.toldBy(away).skip.length > 0);
    const since = fleet.toldBy(operator).pause[0]?.since ?? 0;
    expect(fleet.toldBy(away).skip).toMatchObject([{ job: 'tick', slot, why: 'missed' }]);
    expect(fleet.toldBy(away).skip[0]?.through).toBeLessThan(since);
    expect(fleet.toldBy(away).skip[0]?.through).toBeGreaterThanOrEqual(since - EVERY);
  });

  it('reports a slot that was won, and whose lock ended, if it was due before a pause that its winner did not hear of', async () => {
    fleet.allowErrors(/^CONNECTION/);
    let waitMs = 20;
    const fred = fleet.join({}, { retryStrategy: () => waitMs });
    let slot = 0;
    winning.hold = async () => {
      winning.hold = null;
      const isLocked = () => fleet.redis.exists(`${fleet.prefix}:lock:tick`);
      slot = (await storedSlot('tick')) - 10_000;
      waitMs = 20_000;
      await fleet.killConnections('pubsub');
      await waitFor('its lock to end', async () => (await isLocked()) === 0);
      await fleet.join().pause('tick');
    };
    await fred.hire('tick', { every: 10_000, ttl: 50, work });
    await waitFor('the report', () => fleet.told.skip.length > 0);
    waitMs = 20;
    expect(fleet.told.skip).toEqual([{ job: 'tick', slot, through: slot, why: 'missed' }]);
    expect(fleet.told.start).toEqual([]);
  });

  it('has its slots run from the resume on even if no instance received the message', async () => {
    fleet.allowErrors(/^CONNECTION/);
    let waitMs = 20;
    const fred = fleet.join({}, { retryStrategy: () => waitMs });
    await fred.hire('tick', tick);
    await fred.pause('tick');
    waitMs = 20_000;
    await fleet.killConnections('pubsub');
    const operator = fleet.join();
    await operator.resume('tick');
    await fleet.ticks('tick', 3);
    waitMs = 20;
  });

  it('is paused and resumed despite foreign values and messages', async () => {
    fleet.allowErrors(/^COMMAND: .*WRONGTYPE/);
    const fred = fleet.join();
    await fred.hire('tick', tick);
    for (const message of [
      'paused x 1 tick',
      `paused x ${Date.now()} tick`,
      'paused x 0 tick',
      'paused x -1 tick',
    ])
      await fleet.redis.publish(key('bell:0'), message);
    await fleet.ticks('tick', 2);
    expect(fleet.told.pause).toEqual([]);
    for (const value of ['', 'theirs', '1|2|3', `${'9'.repeat(20)}|1|${'9'.repeat(20)}||{}`, '1|2|x||{}']) {
      await fleet.redis.hset(key('paused'), 'tick', value);
      await fleet.redis.publish(key('bell:0'), 'paused x 1 tick');
      await fleet.ticks('tick', 2);
    }
    expect(fleet.told.pause).toEqual([]);
    // One that could be ours is taken for one.
    await fleet.redis.hset(key('paused'), 'tick', `1|${'9'.repeat(20)}|${'9'.repeat(20)}||nonsense`);
    expect(await pass('tick', 3)).toEqual([]);
    await fred.resume('tick');
    await fleet.ticks('tick', 2);
    await fleet.redis.multi().del(key('paused')).set(key('paused'), 'theirs').exec();
    await waitFor('the report', () => fleet.told.error.length > 0);
    await expect(fred.pause('tick')).rejects.toThrow(/WRONGTYPE/);
    await fleet.redis.del(key('paused'));
    await fleet.ticks('tick', 2);
  });
});

it('a forged bell about thousands of jobs costs a few requests, not one for each', async () => {
  const fred = fleet.join();
  await fred.hire('tick', tick);
  await fleet.ticks('tick', 1);
  let requests = 0;
  let isOver = false;
  const stop = await monitor(fleet.redis, (command, [first]) => {
    if (command === 'hmget' && first === key('paused')) requests += 1;
    if (command === 'ping') isOver = true;
  });
  const pipeline = fleet.redis.pipeline();
  for (let at = 0; at < 5000; at += 1) pipeline.publish(key('bell:0'), `paused x 1 job${at}`);
  await pipeline.exec();
  await fleet.ticks('tick', 5);
  await fleet.redis.ping();
  await waitFor('the end', () => isOver);
  stop();
  expect(requests).toBeGreaterThan(0);
  expect(requests).toBeLessThan(100);
});
