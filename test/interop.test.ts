import { Redis } from 'ioredis';
import Redlock from 'redlock';
import { Counted } from './support/counted';
import { makeFleet } from './support/fleet';
import { joinOriginal } from './support/original';
import { testUrl } from './support/redis';
import { delay, waitFor } from './support/wait';

const fleet = makeFleet();

/** After a hire, an instance leaves demands of originals to others for three waits; here are some to spare. */
async function deaf(): Promise<void> {
  for (let wait = 0; wait < 6; wait += 1) await delay(100);
}

/** Work that lasts until it is released. */
function held() {
  const runs = { started: 0, ended: 0 };
  let letGo = () => {};
  const free = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const work = async () => {
    runs.started += 1;
    await free;
    runs.ended += 1;
  };
  return { runs, work, letGo: () => letGo() };
}

const trigger = () => `${fleet.prefix}:work:a`;
const storedSlot = async () => Number(await fleet.redis.zscore(`${fleet.prefix}:due`, 'a'));

/** When the trigger of `a` expires, in ms on Redis' clock; NaN when there is none. */
async function expiry(): Promise<number> {
  const replies = (await fleet.redis.multi().time().pttl(trigger()).exec()) ?? [];
  const [time, rest] = replies.map(([, reply]) => reply);
  if (!Array.isArray(time) || typeof rest !== 'number' || rest < 0) return Number.NaN;
  return Number(time[0]) * 1000 + Number(time[1]) / 1000 + rest;
}

/** Resolves when the trigger of `a` is an original's, whose value is the job's name, and lives for so long at least. */
function oldTrigger(restMs: number) {
  const probe = async () =>
    (await fleet.redis.get(trigger())) === 'a' && (await fleet.redis.pttl(trigger())) >= restMs;
  return waitFor('the original to set its trigger', probe);
}

describe('in a mixed fleet', () => {
  let runs: number;
  const work = () => {
    runs += 1;
  };
  const ran = (times: number) => waitFor(`run ${times}`, () => runs >= times);

  beforeEach(() => {
    runs = 0;
  });

  /** Instances that hired the job, and take demands of originals. */
  async function hirers(count: number, does: () => unknown = work) {
    const members = Array.from({ length: count }, () => fleet.join());
    await Promise.all(members.map((member) => member.hire('a', { ttl: 60_000, work: does })));
    await waitFor('all to listen', async () => (await fleet.listeners()) === count);
    await deaf();
    return members;
  }

  it('each demand of an original runs on one of the new instances', async () => {
    await hirers(4);
    const old = await joinOriginal(fleet);
    for (const times of [1, 2]) {
      old.demand('a');
      await ran(times);
      // Whoever would run it once more does so within 100 ms.
      await delay(1100);
      expect(runs).toBe(times);
    }
  });

  it('two demands of an original, half a second apart, are two runs', async () => {
    await hirers(4);
    const old = await joinOriginal(fleet);
    old.demand('a');
    await ran(1);
    await delay(500);
    old.demand('a');
    await ran(2);
  });

  it('a demand of an original runs even right after one that a new instance made and ran', async () => {
    const [member] = await hirers(2);
    const old = await joinOriginal(fleet);
    await member?.demand('a');
    await ran(1);
    await delay(200);
    old.demand('a');
    await ran(2);
  });

  it('a demand of an original runs even some seconds after those of another new instance', async () => {
    await hirers(1);
    const old = await joinOriginal(fleet);
    const other = fleet.join();
    for (let times = 1; times <= 10; times += 1) {
      await other.demand('a');
      await ran(times);
    }
    await delay(1500);
    old.demand('a');
    await ran(11);
  });

  it('a demand of an original during a run waits, and runs after it', async () => {
    const long = held();
    const [member] = await hirers(4, long.work);
    const old = await joinOriginal(fleet);
    await member?.demand('a');
    await waitFor('the run', () => long.runs.started === 1);
    await delay(500);
    const expiries = old.expiries('demand:a');
    old.demand('a');
    await waitFor('all to hear of the demand', () => expiries.length === 1);
    await delay(200);
    expect(long.runs).toEqual({ started: 1, ended: 0 });
    long.letGo();
    await waitFor('the second run', () => long.runs.ended === 2);
  });

  it('a demand of a new instance is run by an original, if only that hired the job', async () => {
    const old = await joinOriginal(fleet);
    old.hire('a', { work });
    const young = fleet.join();
    for (const times of [1, 2]) {
      await young.demand('a');
      await ran(times);
    }
  });

  it('a demand that a new instance takes itself is not heard by an original', async () => {
    const old = await joinOriginal(fleet);
    let byOld = 0;
    old.hire('a', { work: () => (byOld += 1) });
    const [own, later] = [old.expiries('demand:a'), old.expiries('demand:b')];
    const young = fleet.join();
    young.hire('a', { work });
    for (const times of [1, 2, 3]) {
      await young.demand('a');
      await ran(times);
    }
    old.demand('b');
    await waitFor('the original to hear of a later demand', () => later.length === 1);
    expect({ own, byOld }).toEqual({ own: [], byOld: 0 });
  });

  it('each slot is run once, and no two runs overlap', async () => {
    const starts: number[] = [];
    const hiredAt = performance.now();
    const slow = new Counted(() => {
      starts.push(performance.now());
      return delay(150);
    });
    for (const old of [await joinOriginal(fleet), await joinOriginal(fleet)]) {
      old.hire('a', { every: 400, work: slow.work });
    }
    for (const young of [fleet.join(), fleet.join()]) young.hire('a', { every: 400, work: slow.work });
    await waitFor('eight runs', () => starts.length >= 8);
    expect(slow.most).toBe(1);
    // However late a run is, it is not before the slot that is its own.
    const early = starts.filter((start, index) => start < hiredAt + 400 * (index + 1) - 20);
    expect(early).toEqual([]);
    // An original comes up to 100 ms late, so no slot is passed over; most of the time no machine stalls for a slot.
    const gaps = starts.slice(1).map((start, before) => start - (starts[before] ?? 0));
    expect(gaps.sort((a, b) => a - b)[3]).toBeLessThan(790);
  });
});

describe('in a rolling upgrade', () => {
  it('a plan of an original continues from the time at which its trigger expires', async () => {
    const old = await joinOriginal(fleet);
    old.hire('a', { every: 3000, work: () => {} });
    await oldTrigger(2500);
    const expires = await expiry();
    await delay(200);
    await fleet.join().hire('a', { every: 3000, work: () => {} });
    await old.quit();
    await waitFor('two slots', () => fleet.told.start.length === 2);
    const [first = 0, second] = fleet.told.start.map(({ slot }) => (slot ?? 0) - expires);
    expect(Math.abs(first)).toBeLessThan(100);
    expect(second).toBe(first + 3000);
    expect(fleet.told.skip).toEqual([]);
  });

  it('an original continues when the new ones leave, and they continue when they come back', async () => {
    let byOld = 0;
    const young = fleet.join();
    await young.hire('a', { every: 1500, work: () => {} });
    const old = await joinOriginal(fleet);
    old.hire('a', { every: 1500, work: () => (byOld += 1) });
    await waitFor('the new one to run', () => fleet.told.finish.length >= 1);
    await young.quit();
    const before = byOld;
    await waitFor('the original to run alone', () => byOld >= before + 2);

    await oldTrigger(1300);
    const expires = await expiry();
    expect(await storedSlot()).toBeLessThan(expires - 1000);
    const back = fleet.join();
    await back.hire('a', { every: 1500, work: () => {} });
    await old.quit();
    await waitFor('two slots', () => fleet.toldBy(back).start.length === 2);
    const [first = 0, second] = fleet.toldBy(back).start.map(({ slot }) => (slot ?? 0) - expires);
    expect(Math.abs(first)).toBeLessThan(100);
    expect(second).toBe(first + 1500);
    expect(fleet.toldBy(back).skip).toEqual([]);
  });
});

describe('the lock keeps old and new apart:', () => {
  it('while an original runs the job, slots are skipped, and a demand waits for the end', async () => {
    const long = held();
    const old = await joinOriginal(fleet, { ttl: 30_000 });
    old.hire('a', { work: long.work });
    old.demand('a');
    await waitFor('the original to begin', () => long.runs.started === 1);
    const young = fleet.join();
    await young.hire('a', { every: 300, work: () => {} });
    await young.demand('a');
    const locked = () => fleet.told.skip.filter(({ why }) => why === 'locked');
    await waitFor('two slots to be skipped', () => locked().length >= 2);
    expect(fleet.told.start).toEqual([]);
    long.letGo();
    await waitFor('the demand', () => fleet.told.finish.some(({ demandedAt }) => demandedAt));
  });

  it('a demand is run when the lock of an original that hangs expires', async () => {
    const long = held();
    const old = await joinOriginal(fleet, { ttl: 4000 });
    old.hire('a', { work: long.work });
    old.demand('a');
    await waitFor('the original to begin', () => long.runs.started === 1);
    const young = fleet.join();
    young.hire('a', { work: () => {} });
    await young.demand('a');
    const asked = performance.now();
    const rest = await fleet.redis.pttl(`${fleet.prefix}:lock:a`);
    const lockEnds = asked + rest;
    await waitFor('the run', () => fleet.told.start.length === 1);
    expect(rest).toBeGreaterThan(0);
    expect(performance.now()).toBeGreaterThan(lockEnds - 10);
    long.letGo();
  });

  it('while a new instance runs the job, an original does not', async () => {
    const long = held();
    let byOld = 0;
    const young = fleet.join({ ttl: 30_000 });
    await young.hire('a', { every: 150, work: long.work });
    await young.demand('a');
    await waitFor('the new one to begin', () => long.runs.started === 1);
    const old = await joinOriginal(fleet);
    const [slots, demands] = [old.expiries('a'), old.expiries('demand:a')];
    old.hire('a', { every: 150, work: () => (byOld += 1) });
    await fleet.join().demand('a');
    await waitFor('it to hear of both', () => slots.length >= 3 && demands.length >= 1);
    expect({ byOld, ...long.runs }).toEqual({ byOld: 0, started: 1, ended: 0 });
    long.letGo();
    await waitFor('the demand that waited', () => long.runs.ended >= 2 || byOld > 0);
  });
});

describe('the lock of a run is one of redlock', () => {
  const key = () => `${fleet.prefix}:lock:a`;

  function redlock(retryCount = 0): Redlock {
    const client = new Redis(testUrl());
    fleet.afterwards(() => client.quit());
    return new Redlock([client], { retryCount });
  }

  it('so redlock cannot take it during the run, however often it is renewed, and can after it', async () => {
    const { runs, work, letGo } = held();
    const fred = fleet.join();
    await fred.hire('a', { ttl: 1000, keepAlive: true, work });
    await fred.demand('a');
    await waitFor('the run', () => runs.started === 1);
    const until = performance.now() + 3000;
    while (performance.now() < until) {
      await expect(redlock().acquire([key()], 1000)).rejects.toThrow();
      await delay(300);
    }
    letGo();
    await waitFor('the release', async () => (await fleet.redis.exists(key())) === 0);
    const lock = await redlock().acquire([key()], 1000);
    expect(lock.value).toMatch(/^[0-9a-f]{32}$/);
    await lock.release();
  });

  it('so a demand waits while redlock holds it', async () => {
    const { runs, work, letGo } = held();
    const fred = fleet.join();
    await fred.hire('a', { ttl: 500, work });
    const lock = await redlock().acquire([key()], 500);
    await fred.demand('a');
    await lock.extend(3000);
    expect(await fleet.redis.pttl(key())).toBeGreaterThan(1000);
    await waitFor('redlock to lose it', async () => (await fleet.redis.get(key())) !== lock.value);
    expect(lock.expiration - Date.now()).toBeLessThan(200);
    await waitFor('the run', () => runs.started === 1);
    letGo();
  });
});
