import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type Bossman from '../../src';
import { Door } from '../support/door';
import { makeFleet } from '../support/fleet';
import { delay, waitFor } from '../support/wait';

const fleet = makeFleet();
const work = () => {};

/** Long enough for work that should not begin to begin. */
const WHILE = 600;

/** Makes the job's slot due in `inMs`. An instance that hires it afterwards knows of it. */
async function dueIn(name: string, inMs: number): Promise<number> {
  const before = fleet.join();
  await before.hire(name, { every: '1 hour', work });
  await before.quit();
  const [seconds = 0, us = 0] = (await fleet.redis.time()).map(Number);
  const slot = seconds * 1000 + Math.floor(us / 1000) + inMs;
  await fleet.redis.zadd(`${fleet.prefix}:due`, slot, name);
  return slot;
}

/** An instance with one place, which a run of `long` has until the door is opened. */
async function fullInstance(door: Door): Promise<Bossman> {
  const fred = fleet.join({ concurrency: 1 });
  await fred.hire('long', { work: door.work, ttl: 20_000 });
  await fred.demand('long');
  await waitFor('the long run', () => door.going === 1);
  return fred;
}

/** Hires `slot`, which comes due, and `demand`, which is demanded, in a full instance, where both wait. */
async function twoWait(fred: Bossman): Promise<number> {
  const slot = await dueIn('slot', 300);
  await fred.hire('slot', { every: '1 hour', work });
  await fred.hire('demand', { work });
  await fred.demand('demand');
  await delay(300 + WHILE);
  expect(startsIn(fred)).toEqual(['long']);
  return slot;
}

const startsIn = (instance: Bossman) => fleet.toldBy(instance).start.map(({ job }) => job);

describe('the recovery of a run that died', () => {
  /** An instance leaves a run of `job` behind, whose lock expires by itself. */
  async function leaveRun(): Promise<void> {
    const left = fleet.join();
    await left.hire('job', { work: () => new Promise<never>(() => {}), ttl: 1000, recover: true });
    await left.demand('job');
    await waitFor('its run', () => startsIn(left).length === 1);
    fleet.allowErrors(/^QUIT: quit gave up on runs that had not ended: 'job'/);
    await left.quit({ timeout: 0 });
  }

  it('waits in a full instance, and runs once when there is a place', async () => {
    const door = new Door();
    const fred = await fullInstance(door);
    await fred.hire('job', { work: door.work, ttl: 1000, recover: true });
    await leaveRun();
    await delay(1000 + WHILE);
    expect(startsIn(fred)).toEqual(['long']);
    door.open();
    await waitFor('the recovery', () => startsIn(fred).length === 2);
    expect(fleet.toldBy(fred).start[1]).toMatchObject({ job: 'job', recovered: true });
    door.open();
    await waitFor('its end', () => fleet.toldBy(fred).finish.length === 2);
    await delay(WHILE);
    expect(startsIn(fred)).toEqual(['long', 'job']);
    expect(door.most).toBe(1);
  });

  it('is left to an instance that has a free place', async () => {
    const door = new Door();
    const fred = await fullInstance(door);
    const barney = fleet.join({ concurrency: 1 });
    for (const instance of [fred, barney]) await instance.hire('job', { work, ttl: 1000, recover: true });
    await leaveRun();
    await waitFor('the recovery', () => fleet.toldBy(barney).finish.length === 1);
    expect(fleet.toldBy(barney).start).toMatchObject([{ job: 'job', recovered: true }]);
    door.open();
    await waitFor('the long run to end', () => fleet.toldBy(fred).finish.length === 1);
    await delay(WHILE);
    expect(startsIn(fred)).toEqual(['long']);
  });
});

it('quit leaves what waits for a place to other instances, which run it', async () => {
  const door = new Door();
  const fred = await fullInstance(door);
  const slot = await twoWait(fred);
  const quit = fred.quit();
  await delay(WHILE);
  door.open();
  await quit;
  expect(startsIn(fred)).toEqual(['long']);
  expect(fleet.told.skip).toEqual([]);
  const barney = fleet.join({ concurrency: 1 });
  await barney.hire('slot', { every: '1 hour', work });
  await barney.hire('demand', { work });
  await waitFor('both', () => fleet.toldBy(barney).finish.length === 2);
  expect(
    fleet
      .toldBy(barney)
      .start.map(({ job, slot: ofRun }) => [job, ofRun])
      .sort(),
  ).toEqual([
    ['demand', null],
    ['slot', slot],
  ]);
});

describe('a job that waits for a place', () => {
  it('does not run its slot when it is paused meanwhile, but runs its demand', async () => {
    const door = new Door();
    const fred = await fullInstance(door);
    await twoWait(fred);
    const operator = fleet.join();
    await operator.pause('slot');
    await operator.pause('demand');
    await waitFor('it to be heard', () => fleet.toldBy(fred).pause.length === 2);
    door.open();
    await waitFor('the demand', () => fleet.toldBy(fred).finish.length === 2);
    await delay(WHILE);
    expect(startsIn(fred)).toEqual(['long', 'demand']);
    await operator.demand('slot');
    await waitFor('a demand', () => startsIn(fred).includes('slot'));
    expect(fleet.toldBy(fred).start[2]?.slot).toBeNull();
  });

  it('does not run its slot when it is fired meanwhile, but runs its demand', async () => {
    const door = new Door();
    const fred = await fullInstance(door);
    await twoWait(fred);
    const operator = fleet.join();
    await operator.fire('slot');
    await operator.fire('demand');
    door.open();
    await waitFor('the demand', () => fleet.toldBy(fred).finish.length === 2);
    await delay(WHILE);
    expect(startsIn(fred)).toEqual(['long', 'demand']);
    expect(fleet.told.skip).toEqual([]);
  });

  it('runs neither when it is forgotten, and leaves no data in Redis or in memory', async () => {
    fleet.allowErrors(/^FORGET: 'demand' was forgotten, so its demand of /);
    const door = new Door();
    const fred = await fullInstance(door);
    await twoWait(fred);
    const held = await hiredAndWaiting(fred);
    fleet.allowErrors(/^FORGET: 'held' was forgotten, so its demand of /);
    for (const name of ['slot', 'demand', 'held']) expect(await fred.forget(name)).toBe(true);
    expect((await fred.jobs()).map(({ name }) => name)).toEqual(['long']);
    setFlagsFromString('--expose-gc');
    await waitFor('its definition to be collected', () => {
      runInNewContext('gc')();
      return held.deref() === undefined;
    });
    door.open();
    await waitFor('the long run to end', () => fleet.toldBy(fred).finish.length === 1);
    await delay(WHILE);
    expect(startsIn(fred)).toEqual(['long']);
    await fred.hire('demand', { work });
    await fred.demand('demand');
    await waitFor('a new one', () => fleet.toldBy(fred).finish.length === 2);
  });

  /** A job whose demand, and whose recovery, wait; only the instance refers to its definition. */
  async function hiredAndWaiting(fred: Bossman): Promise<WeakRef<() => void>> {
    const own = () => {};
    await fred.hire('held', { work: own, recover: true });
    await fred.demand('held');
    return new WeakRef(own);
  }
});
