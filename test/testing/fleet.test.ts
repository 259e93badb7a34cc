import { setTimeout as realTime } from 'node:timers/promises';
import Bossman, { type BossmanOptions, type JobDefinition } from '../../src';
import { type TestFleet, type TestFleetOptions, testFleet } from '../../src/testing';
import { runNode } from '../support/child';
import { Counted } from '../support/counted';

const START = Date.parse('2026-03-28T00:00:00Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const fleets: TestFleet[] = [];
/** Errors that a test does not expect. */
let errors: string[] = [];

const make = (options: TestFleetOptions = { now: START }) => {
  const fleet = testFleet(options);
  fleets.push(fleet);
  return fleet;
};
const join = (fleet: TestFleet, options: Omit<BossmanOptions, 'connection'> = {}) => {
  const fred = fleet.bossman(options);
  fred.on('error', ({ message }) => errors.push(message));
  return fred;
};
const work = () => {};

afterEach(async () => {
  await Promise.all(fleets.splice(0).map((fleet) => fleet.close()));
  const unexpected = errors;
  errors = [];
  expect(unexpected).toEqual([]);
});

describe('while the clock is moved', () => {
  it('every slot runs at its time, and in order of time', async () => {
    const fleet = make();
    const fred = join(fleet);
    const seen: [string, number | null, number][] = [];
    const note: JobDefinition['work'] = ({ job, slot }) => void seen.push([job, slot, fleet.now]);
    fred.hire('often', { every: '10 minutes', work: note });
    fred.hire('hourly', { cron: '30 * * * *', tz: 'UTC', work: note });
    await fleet.advance('1 day');
    expect(fleet.now).toBe(START + DAY);
    expect(seen).toHaveLength(144 + 24);
    expect(seen.filter(([, slot, at]) => slot !== at)).toEqual([]);
    expect(seen.map(([, slot]) => slot)).toEqual([...seen.map(([, slot]) => slot)].sort());
    const runs = fleet.runs('often');
    expect(runs.map(({ slot }) => slot)).toEqual(
      Array.from({ length: 144 }, (_, nth) => START + (nth + 1) * 10 * MINUTE),
    );
    expect(runs[0]).toMatchObject({ lateness: 0, durationMs: 0, outcome: 'done', by: fred.id });
    expect(fleet.runs('nobody')).toEqual([]);
  });

  it('an instance that the service makes by itself runs in the same fleet, and each slot runs once', async () => {
    const fleet = make();
    const ran: (number | null)[] = [];
    for (const _ of [1, 2, 3]) {
      const fred = new Bossman({ connection: fleet.connection });
      await fred.hire('report', { every: '1 hour', work: ({ slot }) => void ran.push(slot) });
    }
    await fleet.advance('1 day');
    expect(ran).toEqual(Array.from({ length: 24 }, (_, nth) => START + (nth + 1) * HOUR));
    expect(await join(fleet).fleet()).toHaveLength(4);
  });

  it('fleets with other prefixes, and other fleets, do not meet', async () => {
    const fleet = make();
    join(fleet, { prefix: 'one' }).hire('a', { every: MINUTE, work });
    const other = join(fleet, { prefix: 'other' });
    await fleet.advance(MINUTE);
    expect(await other.jobs()).toEqual([]);
    expect(make().runs('a')).toEqual([]);
    expect(fleet.runs('a')).toHaveLength(1);
  });

  it('work that takes real time is awaited, and takes no fleet time', async () => {
    const fleet = make();
    const seen: number[] = [];
    const slow = async () => {
      await realTime(20);
      seen.push(fleet.now);
    };
    join(fleet).hire('slow', { every: MINUTE, work: slow });
    await fleet.advance(3 * MINUTE);
    expect(seen).toEqual([1, 2, 3].map((minutes) => START + minutes * MINUTE));
    expect(fleet.runs('slow').map(({ durationMs }) => durationMs)).toEqual([0, 0, 0]);
  });

  it('work that sleeps takes fleet time, while others run', async () => {
    const fleet = make();
    const fred = join(fleet);
    const lost: string[] = [];
    fred.on('lost', ({ job, why }) => lost.push(`${job} ${why}`));
    const sleepy = async () => {
      await fleet.sleep('90 seconds');
      await realTime(1);
      await Promise.all([fleet.sleep(1000), fleet.sleep('2 seconds')]);
    };
    fred.hire('kept', { every: '10 minutes', keepAlive: true, work: sleepy });
    fred.hire('lost', { every: '10 minutes', work: sleepy });
    fred.hire('other', { every: MINUTE, work });
    await fleet.advance('11 minutes');
    expect(fleet.runs('kept')).toEqual([]);
    expect(fleet.runs('other')).toHaveLength(11);
    await fleet.advance('32 seconds');
    expect(fleet.runs('kept')).toMatchObject([{ startedAt: START + 10 * MINUTE, durationMs: 92_000 }]);
    expect(lost).toEqual(['lost expired']);
  });

  it('a failure is an event and a record, and advance continues', async () => {
    const fleet = make();
    const fred = join(fleet);
    const fails = async () => {
      throw new Error('mailbox full');
    };
    fred.hire('fails', { every: MINUTE, work: fails });
    await fleet.advance(2 * MINUTE);
    expect(fleet.runs('fails')).toMatchObject([
      { outcome: 'failed', error: 'mailbox full' },
      { outcome: 'failed' },
    ]);
    expect(errors.splice(0)).toHaveLength(2);
  });

  it('follows the wall clock of a zone through a change of clocks', async () => {
    const fleet = make();
    join(fleet).hire('nine', { cron: '0 9 * * *', tz: 'Europe/Helsinki', work });
    await fleet.advance('2 days');
    expect(fleet.runs('nine').map(({ slot }) => new Date(slot ?? 0).toISOString())).toEqual([
      '2026-03-28T07:00:00.000Z',
      '2026-03-29T06:00:00.000Z',
    ]);
  });
});

describe('between two moves of the clock', () => {
  it('advance(0) runs what was demanded, and nothing else', async () => {
    const fleet = make();
    const [fred, other] = [join(fleet), join(fleet)];
    fred.hire('report', { every: '1 day', work });
    await other.demand('report');
    await fleet.advance(0);
    expect(fleet.now).toBe(START);
    expect(fleet.runs('report')).toMatchObject([{ slot: null, demandedAt: START, durationMs: 0 }]);
  });

  it('jobs are paused and resumed, fired, forgotten and inspected, without moving it', async () => {
    const fleet = make();
    const fred = join(fleet);
    const told: string[] = [];
    fred.on('pause', ({ job }) => told.push(`pause ${job}`));
    fred.on('resume', ({ job }) => told.push(`resume ${job}`));
    await fred.hire('report', { every: '1 hour', work });
    await fred.pause('report', { until: new Date(START + 3 * HOUR), note: 'why' });
    await fleet.advance('4 hours');
    expect(fleet.runs('report').map(({ slot }) => slot)).toEqual([START + 3 * HOUR, START + 4 * HOUR]);
    await fred.pause('report');
    expect(await fred.jobs()).toMatchObject([{ name: 'report', nextSlot: null, runs: 2 }]);
    await fleet.advance('1 hour');
    await fred.resume('report');
    expect(await fred.next('report', { count: 2 })).toEqual([START + 6 * HOUR, START + 7 * HOUR]);
    expect(told).toEqual(['pause report', 'resume report', 'pause report', 'resume report']);
    expect(await fred.history('report')).toEqual(fleet.runs('report').reverse());
    await fred.fire('report');
    await fleet.advance('1 day');
    expect(fleet.runs('report')).toHaveLength(2);
    expect(await fred.forget('report')).toBe(true);
    expect(await fred.jobs()).toEqual([]);
    expect(() => fred.pause('report', { until: START })).toThrow(RangeError);
  });

  it('a QA vetoes runs, and concurrency limits an instance', async () => {
    const fleet = make();
    const fred = join(fleet, { concurrency: 1 });
    fred.qa((name, _definition, next) => (name === 'vetoed' ? null : next()));
    fred.hire('vetoed', { every: '1 hour', work });
    const counted = new Counted(() => fleet.sleep('10 seconds'));
    for (const name of ['a', 'b', 'c'])
      fred.hire(name, { every: '1 hour', keepAlive: true, work: counted.work });
    await fleet.advance('1 hour');
    await fleet.advance('30 seconds');
    expect(counted.most).toBe(1);
    expect(['a', 'b', 'c'].map((name) => fleet.runs(name).length)).toEqual([1, 1, 1]);
    expect(fleet.runs('vetoed')).toMatchObject([{ outcome: 'vetoed' }]);
  });

  it('slots that passed without an instance run once, or are skipped, as the job says', async () => {
    const fleet = make();
    const first = join(fleet);
    await first.hire('runs', { every: '1 hour', work });
    await first.hire('skips', { every: '1 hour', misfire: 'skip', work });
    await first.quit();
    await fleet.advance('3.5 hours');
    const second = join(fleet);
    const skips: object[] = [];
    second.on('skip', (skip) => skips.push(skip));
    second.hire('runs', { every: '1 hour', work });
    second.hire('skips', { every: '1 hour', misfire: 'skip', work });
    await fleet.advance(0);
    expect(fleet.runs('runs')).toMatchObject([{ slot: START + HOUR, lateness: 2.5 * HOUR }]);
    expect(skips).toContainEqual({
      job: 'skips',
      slot: START + HOUR,
      through: START + 3 * HOUR,
      why: 'missed',
    });
    await fleet.advance('30 minutes');
    expect(fleet.runs('skips').map(({ slot }) => slot)).toEqual([START + 4 * HOUR]);
  });

  it('quit waits for a run that takes fleet time', async () => {
    const fleet = make();
    const fred = join(fleet);
    await fred.hire('long', { every: '1 hour', keepAlive: true, work: () => fleet.sleep('10 seconds') });
    await fleet.advance('1 hour');
    let hasQuit = false;
    const quit = fred.quit().then(() => {
      hasQuit = true;
    });
    await fleet.advance('9 seconds');
    expect(hasQuit).toBe(false);
    await fleet.advance('1 second');
    await quit;
    expect(fleet.runs('long')).toHaveLength(1);
  });
});

describe('an instance that crashes', () => {
  it('emits nothing more; its run is recorded as died, and run once more by another instance', async () => {
    const fleet = make();
    const [fred, other] = [join(fleet), join(fleet)];
    const told: string[] = [];
    const definition: JobDefinition = {
      every: '1 hour',
      ttl: 5000,
      recover: true,
      work: () => fleet.sleep('3 seconds'),
    };
    fred.on('finish', () => told.push('finish of the dead'));
    other.on('lost', ({ why }) => told.push(`lost ${why}`));
    await fred.hire('report', definition);
    await fleet.advance('1 hour');
    await other.hire('report', definition);
    fleet.crash(fred);
    fleet.crash(fred);
    await fleet.advance('1 minute');
    expect(told).toEqual(['lost died']);
    expect(fleet.runs('report')).toMatchObject([
      { slot: START + HOUR, recovered: true, outcome: 'done', by: other.id },
      { slot: START + HOUR, recovered: false, outcome: 'died', by: fred.id },
    ]);
    expect((await other.fleet()).map(({ id }) => id)).toEqual([other.id]);
    await fleet.advance('1 hour');
    expect(fleet.runs('report').at(-1)).toMatchObject({ slot: START + 2 * HOUR, by: other.id });
    await fred.quit();
    await expect(fred.demand('report')).rejects.toThrow('quit');
  });

  it('no longer holds up the clock with its work', async () => {
    const fleet = make();
    const fred = join(fleet);
    fred.hire('stuck', {
      every: '1 hour',
      work: () => {
        fleet.crash(fred);
        return new Promise(() => {});
      },
    });
    await fleet.advance('1 day');
    expect(fleet.now).toBe(START + DAY);
  });
});

describe('misuse is refused', () => {
  it.each([-1, Number.NaN, '', 'soon', '-1 minute', null, new Date()])('advance(%p)', async (time) => {
    const fleet = make();
    await expect(fleet.advance(time as number)).rejects.toThrow(/^time: /);
    await expect(fleet.sleep(time as number)).rejects.toThrow(/^time: /);
    await fleet.advance(0);
  });

  it('advance during an advance, also from work, and after close', async () => {
    const fleet = make();
    const fred = join(fleet);
    await fred.hire('nested', { every: MINUTE, work: () => fleet.advance(1) });
    const first = fleet.advance(MINUTE);
    await expect(fleet.advance(1)).rejects.toThrow('already advancing');
    await first;
    expect(fleet.runs('nested')).toMatchObject([{ outcome: 'failed' }]);
    expect(errors.splice(0)).toHaveLength(1);
    await fleet.close();
    await fleet.close();
    await expect(fleet.advance(1)).rejects.toThrow('closed');
    expect(() => fleet.bossman()).toThrow('closed');
  });

  it('an instance of another fleet, a connection, and an invalid time', () => {
    const fleet = make();
    expect(() => fleet.crash(join(make()))).toThrow('not belong to this fleet');
    expect(() => fleet.bossman({ connection: 1 } as object)).toThrow(/^options: connection/);
    expect(() => new Bossman({ connection: fleet as object })).toThrow(
      /^connection: .* use fleet\.connection$/,
    );
    expect(() => fleet.bossman({ ttl: -1 })).toThrow(/^ttl: /);
    for (const now of ['yesterday', -1, Number.NaN, 1e16]) expect(() => testFleet({ now })).toThrow(/^now: /);
    for (const now of [true, {}]) expect(() => testFleet({ now } as object)).toThrow(TypeError);
    expect(() => Reflect.apply(testFleet, null, [1])).toThrow(/^options: /);
  });
});

it.each([
  ['a Date', new Date(START)],
  ['ms', START],
  ['ISO text', '2026-03-28T00:00:00Z'],
])('the clock starts at %s', (_, now) => {
  expect(make({ now }).now).toBe(START);
});

it('the clock starts now by default', () => {
  const before = Date.now();
  expect(make({}).now).toBeGreaterThanOrEqual(before);
  expect(make({}).now).toBeLessThanOrEqual(Date.now());
});

it('closing ends runs that take fleet time, and those that never end', async () => {
  const fleet = make();
  const fred = join(fleet);
  await fred.hire('long', { every: MINUTE, keepAlive: true, work: () => fleet.sleep('20 seconds') });
  await fleet.advance(MINUTE);
  await fred.hire('stuck', { work: () => new Promise(() => {}) });
  await fred.demand('stuck');
  await fleet.close();
  expect(fleet.runs('long')).toMatchObject([{ outcome: 'done', durationMs: 20_000 }]);
  expect(errors.splice(0)).toMatchObject([expect.stringContaining("'stuck'")]);
});

it('a day of a job every second is 86,400 runs, each of which costs little, the last no more than the first', async () => {
  // In a process of its own, where no test runner slows it down. A machine that is slow, or busy, is slow at both.
  const script = `
    const { testFleet } = require('../../src/testing');
    const fleet = testFleet({ now: 0 });
    let ran = 0;
    fleet.bossman().hire('tick', { every: '1 second', work: () => { ran += 1; } });
    const cpuOf = async (what) => {
      const { user } = process.cpuUsage();
      await what();
      return process.cpuUsage().user - user;
    };
    const yardstick = async () => {
      for (let count = 0; count < 200_000; count += 1) await JSON.parse(JSON.stringify({ count, text: 'text' }));
    };
    (async () => {
      const hours = (time) => cpuOf(() => fleet.advance(time));
      await yardstick();
      const [warm, first] = [await hours('2 hours'), await hours('2 hours')];
      const before = await cpuOf(yardstick);
      const rest = await hours('20 hours');
      const measure = before + (await cpuOf(yardstick));
      const ratios = { growth: rest / 10 / Math.max(warm, first), cost: (rest * 400_000) / 72_000 / measure };
      console.log(JSON.stringify({ ran, kept: fleet.runs('tick').length, ...ratios }));
      await fleet.close();
    })();`;
  const { lines } = await runNode(['-e', script]);
  const { ran, kept, growth, cost } = JSON.parse(lines[0] ?? '{}');
  expect({ ran, kept }).toEqual({ ran: 86_400, kept: 86_400 });
  expect(growth).toBeLessThan(2);
  // Parsing and writing a small object is 1; a run is 60 to 70.
  expect(cost).toBeLessThan(200);
}, 300_000);
