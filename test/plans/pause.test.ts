import type Bossman from '../../src';
import { FLAWLESS, flawsOf } from '../support/flaws';
import { makeFleet } from '../support/fleet';
import { makeMemoryFleet } from '../support/memory-fleet';
import { monitor } from '../support/monitor';
import { joinOriginal } from '../support/original';
import { delay, waitFor } from '../support/wait';

const EVERY = 100;
const fleet = makeFleet();
const work = () => {};
const tick = { every: EVERY, work };

const slotsOf = (name: string) =>
  fleet.told.start.flatMap(({ job, slot }) => (job === name && slot !== null ? [slot] : []));

async function storedSlot(name: string): Promise<number> {
  return Number(await fleet.redis.zscore(`${fleet.prefix}:due`, name));
}

async function ticks(name: string, count: number): Promise<void> {
  const before = slotsOf(name).length;
  await waitFor(`${count} slots of ${name}`, () => slotsOf(name).length >= before + count);
}

/** Waits until this many slots of a job have passed. */
async function pass(name: string, slots: number): Promise<void> {
  const from = await storedSlot(name);
  await waitFor('slots to pass', async () => (await storedSlot(name)) >= from + slots * EVERY);
}

/** What runs from here on. */
async function runsWhile(name: string, what: () => Promise<void>): Promise<number[]> {
  const before = slotsOf(name).length;
  await what();
  return slotsOf(name).slice(before);
}

/** Hires the job in some instances. */
async function hireIn(count: number, name: string, definition: Bossman.JobDefinition): Promise<Bossman[]> {
  const members = Array.from({ length: count }, () => fleet.join());
  for (const fred of members) await fred.hire(name, definition);
  return members;
}

describe('a paused job', () => {
  it('runs no slot in the whole fleet until any instance resumes it, and then continues on its grid', async () => {
    await hireIn(3, 'tick', tick);
    const operator = fleet.join();
    await ticks('tick', 3);
    for (let round = 0; round < 3; round += 1) {
      await operator.pause('tick');
      expect(await runsWhile('tick', () => pass('tick', 5))).toEqual([]);
      await operator.resume('tick');
      await ticks('tick', 3);
    }
    const [first = 0, ...others] = slotsOf('tick');
    expect(others.filter((slot) => (slot - first) % EVERY !== 0)).toEqual([]);
    expect(new Set(slotsOf('tick')).size).toBe(slotsOf('tick').length);
    // One that was due just before a pause, and claimed after it, is reported.
    const isBefore = (slot: number) =>
      fleet.told.pause.some(({ since }) => slot <= since && since - slot < 1000);
    expect(fleet.told.skip.filter(({ slot }) => !isBefore(slot))).toEqual([]);
  });

  it('costs one request for each slot, as if its slots were skipped', async () => {
    const [fred] = await hireIn(3, 'tick', tick);
    await ticks('tick', 3);
    await fred?.pause('tick');
    await pass('tick', 2);
    let claims = 0;
    const stop = await monitor(fleet.redis, (command, args) => {
      if (command === 'evalsha' && args.includes(`${fleet.prefix}:paused`)) claims += 1;
    });
    const from = await storedSlot('tick');
    await pass('tick', 20);
    const slots = ((await storedSlot('tick')) - from) / EVERY;
    stop();
    // A bell that comes late costs another's claim now and then.
    expect(claims).toBeLessThan(slots * 2);
    expect(claims).toBeGreaterThanOrEqual(slots - 2);
  });

  it('stays paused through hires, another plan, fire and hire, and the restart of all', async () => {
    const [fred, other] = await hireIn(2, 'tick', tick);
    await ticks('tick', 2);
    await fred?.pause('tick');
    const ran = await runsWhile('tick', async () => {
      await fred?.hire('tick', tick);
      await fleet.join().hire('tick', { every: 50, work });
      await pass('tick', 2);
      await fred?.fire('tick');
      await other?.hire('tick', tick);
      await pass('tick', 2);
      await Promise.all([fred?.quit(), other?.quit()]);
      const [next] = await hireIn(1, 'tick', tick);
      await pass('tick', 4);
      expect(next && fleet.toldBy(next).pause).toHaveLength(1);
    });
    expect(ran).toEqual([]);
    await fleet.join().resume('tick');
    await ticks('tick', 2);
  });

  it('may be paused before any instance has hired it', async () => {
    const operator = fleet.join();
    await operator.pause('tick', { note: 'not yet' });
    await hireIn(2, 'tick', tick);
    expect(await runsWhile('tick', () => pass('tick', 3))).toEqual([]);
    await operator.resume('tick');
    await ticks('tick', 2);
  });

  it('still runs its demands, and a run in progress continues', async () => {
    let end = () => {};
    const held = () =>
      new Promise<void>((resolve) => {
        end = resolve;
      });
    const [fred] = await hireIn(2, 'long', { every: EVERY, ttl: 60_000, work: held });
    await ticks('long', 1);
    await fred?.pause('long');
    end();
    await waitFor('its end', () => fleet.told.finish.length === 1);
    await fred?.demand('long');
    await waitFor('the demand', () => fleet.told.start.some(({ demandedAt }) => demandedAt !== null));
    end();
    await waitFor('its end', () => fleet.told.finish.length === 2);
    expect(fleet.told.lost).toEqual([]);
  });

  it('resumes by itself at the given time, with the first slot after it', async () => {
    const [fred] = await hireIn(2, 'tick', tick);
    await ticks('tick', 2);
    await fred?.pause('tick', { until: '1 second' });
    const [paused] = fleet.told.pause;
    await ticks('tick', 2);
    const first = slotsOf('tick').find((slot) => slot > (paused?.since ?? 0)) ?? 0;
    expect(first - (paused?.until ?? 0)).toBeGreaterThanOrEqual(0);
    expect(first - (paused?.until ?? 0)).toBeLessThan(5 * EVERY);
    await waitFor('both to tell', () => fleet.told.resume.length === 2);
    expect(fleet.told.resume[0]).toEqual({ job: 'tick', since: paused?.since, by: null });
    expect(flawsOf({ ...fleet.told, start: fleet.told.start.slice(-2) }, 'tick', EVERY)).toEqual(FLAWLESS);
  });

  it('reports a slot that was due before the pause and not claimed, and does not run it', async () => {
    const [gone] = await hireIn(1, 'hourly', { every: '1 hour', work });
    await gone?.quit();
    const slot = Date.now() - 60_000;
    await fleet.redis.zadd(`${fleet.prefix}:due`, slot, 'hourly');
    await fleet.join().pause('hourly');
    await hireIn(2, 'hourly', { every: '1 hour', work });
    await waitFor('the skip', () => fleet.told.skip.length > 0);
    expect(fleet.told.skip).toEqual([{ job: 'hourly', slot, through: slot, why: 'missed' }]);
    expect(slotsOf('hourly')).toEqual([]);
  });

  it('is reported once in every instance, with who and why', async () => {
    const members = [...(await hireIn(2, 'tick', tick)), fleet.join()];
    const [fred] = members;
    await waitFor('all to listen', async () => (await fleet.listeners()) === 3);
    await fred?.pause('tick', { note: 'broken | "quoted"' });
    await waitFor('all to tell', () => fleet.told.pause.length === 3);
    await fred?.resume('tick');
    await waitFor('all to tell', () => fleet.told.resume.length === 3);
    const by = expect.stringMatching(new RegExp(`^.+:${process.pid}$`));
    for (const member of members) {
      const { pause, resume } = fleet.toldBy(member);
      const since = expect.any(Number);
      expect(pause).toEqual([{ job: 'tick', since, until: null, note: 'broken | "quoted"', by }]);
      expect(resume).toEqual([{ job: 'tick', since: pause[0]?.since, by }]);
    }
    await fred?.resume('tick');
    await pass('tick', 2);
    expect(fleet.told.resume).toHaveLength(3);
  });

  it('is not run by an original, because its trigger is deleted', async () => {
    const old = await joinOriginal(fleet);
    let runs = 0;
    const count = () => {
      runs += 1;
    };
    old.hire('mixed', { every: 200, work: count });
    await waitFor('a run', () => runs > 0);
    const fred = fleet.join();
    await fred.hire('mixed', { every: 200, work });
    await fred.pause('mixed');
    const before = runs + slotsOf('mixed').length;
    await delay(1000);
    // One that had begun when it was paused.
    expect(runs + slotsOf('mixed').length - before).toBeLessThanOrEqual(1);
    await fred.resume('mixed');
    await waitFor('a run', () => runs + slotsOf('mixed').length > before + 1);
  });
});

describe('a paused job, in memory,', () => {
  const memory = makeMemoryFleet();
  const MINUTE = 60_000;
  const minutely = { every: '1 minute', work };
  const minutes = () => memory.told.start.map(({ slot }) => ((slot ?? 0) - memory.start) / MINUTE);

  it('follows only the last pause', async () => {
    const fred = memory.join();
    await fred.hire('tick', minutely);
    await fred.pause('tick', { until: '90 seconds' });
    await memory.join().pause('tick', { until: '1 hour' });
    await memory.advance('10 minutes');
    expect(minutes()).toEqual([]);
    await fred.pause('tick', { until: new Date(memory.now + 90_000) });
    await memory.advance('3 minutes');
    expect(minutes()).toEqual([12, 13]);
  });

  it('of a cron pattern is resumed with the first slot from then on', async () => {
    const fred = memory.join();
    await fred.hire('cron', { cron: '*/10 * * * *', tz: 'UTC', work });
    await memory.advance('10 minutes');
    await fred.pause('cron', { until: '25 minutes' });
    await memory.advance('40 minutes');
    expect(minutes()).toEqual([10, 40, 50]);
    expect(memory.told.resume).toEqual([{ job: 'cron', since: memory.start + 10 * MINUTE, by: null }]);
    expect(memory.told.skip).toEqual([]);
  });

  it('does not run the slots of its pause later if no instance was running; those after it count as missed', async () => {
    const gone = memory.join();
    await gone.hire('tick', minutely);
    await memory.advance('2 minutes');
    const operator = memory.join();
    await operator.pause('tick');
    await gone.quit();
    await memory.advance('3.5 minutes');
    await operator.resume('tick');
    await memory.advance('5 minutes');
    await memory.join().hire('tick', minutely);
    await memory.advance('1 minute');
    // The first slot after the pause was minute 6; minute 11 is the next one.
    expect(minutes()).toEqual([1, 2, 6, 11]);
  });
});

describe('pause and resume', () => {
  it.each<[string, unknown, RegExp]>([
    ['until', 1, /^until: 1 is in the past; a number is in ms since the epoch/],
    ['until', new Date(Date.now() - 1), /^until: .* is in the past/],
    ['until', new Date(Number.NaN), /^until: Invalid Date is not a valid time/],
    ['until', Number.NaN, /^until: NaN is not a valid time/],
    ['until', Number.POSITIVE_INFINITY, /^until: Infinity is not a valid time/],
    ['until', 'soon', /^until: 'soon' is not an interval/],
    ['until', true, /^until: true is neither a Date/],
    ['until', {}, /^until: \{\} is neither a Date/],
    ['note', 7, /^note: 7 is not a string/],
    ['note', 'x'.repeat(201), /^note: 'x+' is longer than 200 characters/],
  ])('refuse %s: %p at once', (option, value, message) => {
    const fred = fleet.join();
    expect(() => fred.pause('a', { [option]: value })).toThrow(message);
  });

  it('refuse invalid names and options', () => {
    const fred = fleet.join();
    expect(() => fred.pause('')).toThrow(/^name: '' is empty/);
    expect(() => Reflect.apply(fred.pause, fred, ['a', 'note'])).toThrow(/^options: 'note' is not an object/);
    expect(() => Reflect.apply(fred.resume, fred, [7])).toThrow(/^name: 7 is not a string/);
  });

  it('take effect in the order in which they are called in one turn', async () => {
    const fred = fleet.join();
    void fred.hire('tick', tick);
    void fred.pause('tick');
    void fred.resume('tick');
    void fred.pause('tick', { note: 'last' });
    await fred.pause('other');
    expect(await runsWhile('tick', () => pass('tick', 2))).toEqual([]);
    expect(fleet.told.pause.at(-2)).toMatchObject({ job: 'tick', note: 'last' });
  });
});
