import type Bossman from '../../src';
import { caughtUp } from '../support/caught-up';
import { FLAWLESS, flawsAfterLoss } from '../support/flaws';
import { makeFleet } from '../support/fleet';
import { makeMemoryFleet } from '../support/memory-fleet';
import { delay, PATIENCE, waitFor } from '../support/wait';

const fleet = makeFleet();
const work = () => {};

/** The slot that is stored for a job. */
async function storedSlot(name: string): Promise<number> {
  return Number(await fleet.redis.zscore(`${fleet.prefix}:due`, name));
}

async function storedPlan(name: string): Promise<string | undefined> {
  return (await fleet.redis.hget(`${fleet.prefix}:plans`, name))?.split('|')[1];
}

async function redisNow(): Promise<number> {
  const [seconds, micros] = await fleet.redis.time();
  return Number(seconds) * 1000 + Number(micros) / 1000;
}

/** A job's slot passed this many ms ago, while no instance was running. */
async function leaveDue(name: string, plan: Bossman.JobDefinition, agoMs: number): Promise<number> {
  const gone = fleet.join();
  await gone.hire(name, plan);
  await gone.quit();
  const slot = Math.floor(await redisNow()) - agoMs;
  await fleet.redis.zadd(`${fleet.prefix}:due`, slot, name);
  await fleet.redis.del(`${fleet.prefix}:work:${name}`);
  return slot;
}

const slotsOf = (name: string) =>
  fleet.told.start.filter(({ job }) => job === name).map(({ slot }) => slot ?? 0);

describe('a plan', () => {
  it('has its first slot one interval after the first hire, however often it is hired', async () => {
    const before = await redisNow();
    await fleet.join().hire('job', { every: 60_000, work });
    const slot = await storedSlot('job');
    expect(slot).toBeGreaterThanOrEqual(Math.floor(before) + 60_000);
    await fleet.join().hire('job', { every: '1 minute', work });
    expect(await storedSlot('job')).toBe(slot);
  });

  it('has a trigger after every slot, even if it is deleted', async () => {
    await fleet.join().hire('job', { every: 100, work });
    for (let tick = 1; tick <= 5; tick += 1) {
      await waitFor('a tick', () => slotsOf('job').length >= tick);
      await waitFor('its trigger', async () => (await fleet.redis.pttl(`${fleet.prefix}:work:job`)) > 0);
      await fleet.redis.del(`${fleet.prefix}:work:job`);
    }
  });

  it('does not drift: each slot is the first plus a multiple of the interval', async () => {
    await fleet.join().hire('job', { every: 70, work: () => delay(5) });
    await waitFor('ten ticks', () => slotsOf('job').length >= 10);
    const slots = slotsOf('job');
    const gaps = slots.slice(1).map((slot, index) => slot - (slots[index] ?? 0));
    expect(gaps.filter((gap) => gap <= 0 || gap % 70 !== 0)).toEqual([]);
  });

  it('of a cron pattern runs on its whole seconds', async () => {
    await fleet.join().hire('job', { cron: '* * * * * *', tz: 'Europe/Helsinki', work });
    expect(await storedPlan('job')).toBe('cron * * * * * * Europe/Helsinki');
    await waitFor('two ticks', () => slotsOf('job').length >= 2);
    const [first = 0, second = 0] = slotsOf('job');
    expect([first % 1000, second % 1000]).toEqual([0, 0]);
    expect(second).toBeGreaterThan(first);
  });

  it('may be longer than a timer can hold', async () => {
    await fleet.join().hire('job', { every: '40 days', work });
    const rest = await fleet.redis.pttl(`${fleet.prefix}:work:job`);
    expect(rest).toBeGreaterThan(2 ** 31);
    await delay(100);
    expect(fleet.told.start).toEqual([]);
  });

  it('names the zone that the process, the constructor or the job gives it', async () => {
    const own = fleet.join();
    await own.hire('process', { cron: '0 9 * * *', work });
    const helsinki = fleet.join({ tz: 'Europe/Helsinki' });
    await helsinki.hire('constructor', { cron: '0 9 * * *', work });
    await helsinki.hire('job', { cron: '0 9 * * *', tz: 'America/New_York', work });
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    expect(await storedPlan('process')).toBe(`cron 0 9 * * * ${zone}`);
    expect(await storedPlan('constructor')).toBe('cron 0 9 * * * Europe/Helsinki');
    expect(await storedPlan('job')).toBe('cron 0 9 * * * America/New_York');
  });
});

describe('a slot that passed while no instance was running', () => {
  it('is run once when an instance starts, and the other missed slots are reported', async () => {
    const slot = await leaveDue('job', { every: 20_000, work }, 70_000);
    await fleet.join().hire('job', { every: 20_000, work });
    await waitFor('the run', () => fleet.told.finish.length > 0);
    expect(fleet.told.start[0]).toMatchObject({ job: 'job', slot });
    expect(fleet.told.start[0]?.lateness).toBeGreaterThanOrEqual(70_000);
    expect(fleet.told.skip).toEqual([
      { job: 'job', slot: slot + 20_000, through: slot + 60_000, why: 'missed' },
    ]);
    expect(await storedSlot('job')).toBe(slot + 80_000);
  });

  it('runs once with misfire: { within }, for the first missed slot that is not too late, and the others are reported', async () => {
    const slot = await leaveDue('job', { every: 10_000, work }, 65_000);
    await fleet.join({ misfire: { within: '30 seconds' } }).hire('job', { every: 10_000, work });
    await waitFor('the run', () => fleet.told.finish.length > 0);
    // 35 s late would be too late, and 25 s is not; a machine that stalls may find one slot less.
    const ran = fleet.told.start[0]?.slot ?? 0;
    expect([slot + 40_000, slot + 50_000]).toContain(ran);
    expect(fleet.told.start[0]?.lateness).toBeLessThanOrEqual(30_000);
    expect(fleet.told.skip).toEqual([
      { job: 'job', slot, through: ran - 10_000, why: 'missed' },
      { job: 'job', slot: ran + 10_000, through: slot + 60_000, why: 'missed' },
    ]);
    expect(await storedSlot('job')).toBe(slot + 70_000);
  });

  it('is skipped with misfire: { within } if it is later than that, and reported', async () => {
    const slot = await leaveDue('job', { every: 60_000, work }, 40_000);
    await fleet.join().hire('job', { every: 60_000, misfire: { within: 20_000 }, work });
    await waitFor('the skip', () => fleet.told.skip.length > 0);
    expect(fleet.told.skip).toEqual([{ job: 'job', slot, through: slot, why: 'missed' }]);
    expect(await storedSlot('job')).toBe(slot + 60_000);
    expect(fleet.told.start).toEqual([]);
  });

  it('is not missed within a second, whatever misfire says', async () => {
    const bells = await fleet.hearBells();
    const slot = await leaveDue('job', { every: 60_000, work }, 100);
    await fleet.join().hire('job', { every: 60_000, misfire: 'skip', work });
    await waitFor('the claim', () => bells.of('claim').length > 0);
    const [claim] = bells.of('claim');
    // A machine that stalls may claim it later than that.
    const isMissed = (claim?.at ?? 0) - slot > 1000;
    expect(claim).toMatchObject({ slot, verdict: isMissed ? 'missed' : 'run' });
  });
});

describe('another plan for a job', () => {
  it('replaces the previous one, and never delays it: an earlier slot stays', async () => {
    const fred = fleet.join();
    await fred.hire('job', { every: 60_000, work });
    const slot = await storedSlot('job');
    await fred.hire('job', { every: '1 hour', work });
    expect(await storedPlan('job')).toBe('every 3600000');
    expect(await storedSlot('job')).toBe(slot);
    await fred.hire('job', { every: 1000, work });
    expect(await storedSlot('job')).toBeLessThan(slot - 50_000);
  });

  it('is followed by the rest of the fleet, and reported by the event plan', async () => {
    const old = fleet.join();
    await old.hire('job', { every: 60_000, work });
    await waitFor('the bell to be heard', async () => (await fleet.listeners()) === 1);
    const young = fleet.join();
    await young.hire('job', { every: 100, work });
    await waitFor('the event', () => fleet.toldBy(old).plan.length > 0);
    expect(fleet.toldBy(old).plan).toEqual([{ job: 'job', plan: 'every 100', own: 'every 60000' }]);
    await waitFor('both to have run it', () => slotsOf('job').length > 5);
    expect(fleet.toldBy(young).plan).toEqual([]);
  });

  it('is replaced by our own again when the last instance that hired it quits', async () => {
    const stays = fleet.join();
    await stays.hire('job', { every: 50_000, work });
    const leaves = fleet.join();
    await leaves.hire('job', { every: 60_000, work });
    await waitFor('to follow', () => fleet.toldBy(stays).plan.length > 0);
    await leaves.quit();
    await waitFor('its own plan to be stored', async () => (await storedPlan('job')) === 'every 50000');
  });

  it('stays while another instance that hired it answers the roll call', async () => {
    const stays = fleet.join();
    await stays.hire('job', { every: 50_000, work });
    const remains = fleet.join();
    await remains.hire('job', { every: 60_000, work });
    const leaves = fleet.join();
    await leaves.hire('job', { every: 60_000, work });
    await waitFor('to follow', () => fleet.toldBy(stays).plan.length > 0);
    const rolls: string[] = [];
    const listener = fleet.redis.duplicate();
    fleet.afterwards(() => listener.disconnect());
    await listener.subscribe(`${fleet.prefix}:bell:0`);
    listener.on('message', (_channel, message: string) => rolls.push(message.split(' ', 1)[0] ?? ''));
    await leaves.quit();
    await waitFor('the answer', () => rolls.includes('here'));
    await delay(1200);
    expect(await storedPlan('job')).toBe('every 60000');
  });

  it.each<[string, Bossman.JobDefinition, Bossman.JobDefinition]>([
    ['two intervals', { every: 400, work }, { every: 600, work }],
    ['an interval and a cron pattern', { every: 400, work }, { cron: '0 9 1 1 *', work }],
  ])('does not keep it from running when instances with %s restart in turn', async (_plans, one, two) => {
    const started = performance.now();
    while (slotsOf('job').length < 3 && performance.now() - started < PATIENCE) {
      for (const definition of [one, two]) {
        const fred = fleet.join();
        await fred.hire('job', definition);
        await delay(100);
        await fred.quit();
      }
    }
    expect(slotsOf('job').length).toBeGreaterThanOrEqual(3);
  });
});

describe('firing', () => {
  it('ends the slots in the whole fleet, until the job is hired again; demands still run', async () => {
    const [fred, other] = [fleet.join(), fleet.join()];
    await fred.hire('job', { every: 100, work });
    await other.hire('job', { every: 100, work });
    await waitFor('two ticks', () => slotsOf('job').length >= 2);
    await other.fire('job');
    await caughtUp(fred, other);
    const ticks = slotsOf('job').length;
    expect(await fleet.redis.exists(`${fleet.prefix}:work:job`)).toBe(0);
    await delay(500);
    expect(slotsOf('job')).toHaveLength(ticks);
    await fred.demand('job');
    await waitFor('the demand', () => fleet.told.start.some(({ demandedAt }) => demandedAt !== null));
    await fred.hire('job', { every: 100, work });
    await waitFor('another tick', () => fleet.told.start.filter(({ slot }) => slot !== null).length > ticks);
  });

  it('keeps the order of the calls of one instance', async () => {
    const fred = fleet.join();
    fred.hire('hired', { every: 60_000, work });
    fred.fire('hired');
    await Promise.all([
      fred.hire('hired', { every: 60_000, work }),
      fred.hire('fired', { cron: '* * * * * *', work }),
      fred.fire('fired'),
    ]);
    expect(await storedSlot('hired')).toBeLessThan(1e15);
    await waitFor('both calls to be through', async () => (await storedSlot('fired')) >= 1e15);
    await delay(1200);
    expect(await storedSlot('fired')).toBeGreaterThanOrEqual(1e15);
    expect(fleet.told.start).toEqual([]);
  });

  it('ends with the next hire, on any instance, however soon that comes', async () => {
    const [fred, other] = [fleet.join(), fleet.join()];
    // So that both know what time it is.
    await Promise.all([fred, other].map((each) => each.hire('clock', { every: '1 hour', work })));
    for (let round = 0; round < 50; round += 1) {
      await fred.fire('job');
      await other.hire('job', { every: '1 hour', work });
      expect(await storedSlot('job')).toBeLessThan(1e15);
    }
  });

  it('wins over an earlier hire that was refused and is retried after it', async () => {
    fleet.allowErrors(/^COMMAND: hire of 'job' failed/);
    const fred = fleet.join();
    await fred.hire('clock', { every: '1 hour', work });
    // A value of the wrong type, as some other program may leave it.
    await fleet.redis.rpush(`${fleet.prefix}:work:job`, 'x');
    await expect(fred.hire('job', { every: 100, work })).rejects.toMatchObject({
      code: 'COMMAND',
      job: 'job',
    });
    await fleet.redis.del(`${fleet.prefix}:work:job`);
    await fleet.join().fire('job');
    await delay(1500);
    expect(await storedSlot('job')).toBeGreaterThanOrEqual(1e15);
    expect(slotsOf('job')).toEqual([]);
  });

  it('stays when Redis loses everything', async () => {
    const fred = fleet.join();
    await fred.hire('job', { every: 100, work });
    await fred.fire('job');
    await fleet.redis.del(`${fleet.prefix}:plans`, `${fleet.prefix}:due`);
    await caughtUp(fred);
    const ticks = slotsOf('job').length;
    // What a reconnection leads to.
    await fleet.redis.publish(`${fleet.prefix}:bell:0`, 'armed somebody 1 job');
    await waitFor('the fire to be back', async () => (await storedSlot('job')) >= 1e15);
    await delay(300);
    expect(slotsOf('job')).toHaveLength(ticks);
  });
});

it('a plan continues on its grid when Redis loses everything', async () => {
  const members = [fleet.join(), fleet.join(), fleet.join()];
  for (const fred of members) await fred.hire('job', { every: 100, work });
  await waitFor('three ticks', () => slotsOf('job').length >= 3);
  await fleet.redis.del(
    `${fleet.prefix}:plans`,
    `${fleet.prefix}:due`,
    `${fleet.prefix}:work:job`,
    `${fleet.prefix}:lock:job`,
  );
  const before = slotsOf('job').length;
  await waitFor('three more', () => slotsOf('job').length >= before + 3);
  expect(flawsAfterLoss(fleet, 'job', 100)).toEqual(FLAWLESS);
});

describe('where time passes in memory', () => {
  const memory = makeMemoryFleet();
  const slots = () => memory.told.start.map(({ slot }) => (slot ?? 0) - memory.start);

  /** Time passes while no instance is running. */
  async function leave(plan: Bossman.JobDefinition, time: string): Promise<void> {
    const gone = memory.join();
    await gone.hire('job', plan);
    await gone.quit();
    await memory.advance(time);
  }

  it("slots that passed while no instance was running are skipped with misfire: 'skip', and reported", async () => {
    const every = { every: '4 seconds', work };
    await leave(every, '18 seconds');
    await memory.join({ misfire: 'skip' }).hire('job', every);
    await memory.advance('2 seconds');
    const [slot, through] = [memory.start + 4000, memory.start + 16_000];
    expect(memory.told.skip).toEqual([{ job: 'job', slot, through, why: 'missed' }]);
    expect(slots()).toEqual([20_000]);
  });

  it('slots of a cron plan that passed while no instance was running run once', async () => {
    const cron = { cron: '*/10 * * * *', tz: 'UTC', work };
    await leave(cron, '35 minutes');
    await memory.join().hire('job', cron);
    await memory.advance('5 minutes');
    const [slot, through] = [memory.start + 20 * 60_000, memory.start + 30 * 60_000];
    expect(memory.told.skip).toEqual([{ job: 'job', slot, through, why: 'missed' }]);
    expect(slots()).toEqual([10 * 60_000, 40 * 60_000]);
  });

  it('another plan does not run a slot again when the previous plan returns', async () => {
    const fred = memory.join();
    await fred.hire('job', { every: '1 minute', work });
    await fred.hire('job', { every: '1 hour', work });
    await memory.advance('1 minute');
    expect(slots()).toEqual([60_000]);
    await fred.hire('job', { every: '1 minute', work });
    await memory.advance('2 minutes');
    expect(slots()).toEqual([60_000, 120_000, 180_000]);
  });
});
