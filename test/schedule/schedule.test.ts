import { Cron } from 'croner';
import fc from 'fast-check';
import { MAX_INTERVAL_MS } from '../../src/schedule/interval';
import { SlotMemo } from '../../src/schedule/memo';
import {
  cronSchedule,
  everySchedule,
  parsePlan,
  processTimeZone,
  type Schedule,
} from '../../src/schedule/schedule';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const at = (iso: string): number => Date.parse(iso);
const isoTimes = (times: number[]): string[] => times.map((time) => new Date(time).toISOString());

/** All slots from `from` up to, and without, `to`. */
function slots(schedule: Schedule, from: number, to: number): number[] {
  const found: number[] = [];
  for (let slot = schedule.next(from, from - 1); slot < to; slot = schedule.next(slot, slot))
    found.push(slot);
  return found;
}

/** The CPU time of a call, in µs, which other processes do not lengthen much. */
function quickestOfThree(call: () => void): number {
  const times = [1, 2, 3].map(() => {
    const started = process.cpuUsage();
    call();
    const { user, system } = process.cpuUsage(started);
    return user + system;
  });
  return Math.min(...times);
}

describe('the schedule of an interval', () => {
  test('has its plan in ms, however the interval was written', () => {
    expect(everySchedule('10 minutes')).toMatchObject({ plan: 'every 600000', everyMs: 600_000 });
    expect(everySchedule(600_000).plan).toBe('every 600000');
    expect(() => everySchedule('foo')).toThrow("every: 'foo' is not an interval");
  });

  const slotMs = fc.integer({ min: 0, max: 4e12 });
  const everyMs = fc.oneof(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: MAX_INTERVAL_MS }));

  test('stays on the grid of its slot, and its next slot is the first future one', () => {
    fc.assert(
      fc.property(slotMs, everyMs, fc.integer({ min: 0, max: 4e12 }), (slot, every, late) => {
        const after = slot + late;
        const next = everySchedule(every).next(slot, after);
        expect((next - slot) % every).toBe(0);
        expect(next).toBeGreaterThan(after);
        expect(next - every).toBeLessThanOrEqual(after);
      }),
    );
  });

  test('stays on its grid with a clock that counts fractions of a ms', () => {
    fc.assert(
      fc.property(slotMs, everyMs, fc.double({ min: 0, max: 4e12, noNaN: true }), (slot, every, late) => {
        const schedule = everySchedule(every);
        const after = slot + late;
        expect(schedule.next(slot, after)).toBe(schedule.next(slot, Math.floor(after)));
        expect(schedule.next(slot, after)).toBeGreaterThan(after);
        expect(schedule.previous(slot, after)).toBe(schedule.previous(slot, Math.floor(after)));
      }),
    );
  });

  test('has no slot twice: the slot after a future one is one interval later', () => {
    expect(everySchedule(100).next(5000, 4000)).toBe(5100);
    expect(everySchedule(100).next(5000, 5000)).toBe(5100);
    expect(everySchedule(100).next(5000, 5099)).toBe(5100);
    expect(everySchedule(100).next(5000, 5100)).toBe(5200);
  });

  test('returns the last missed slot, if there is one', () => {
    const schedule = everySchedule(100);
    expect(schedule.previous(5000, 4000)).toBeNull();
    expect(schedule.previous(5000, 5000)).toBeNull();
    expect(schedule.previous(5000, 5099)).toBeNull();
    expect(schedule.previous(5000, 5100)).toBe(5100);
    expect(schedule.previous(5000, 5399)).toBe(5300);
  });

  test('has no slot between the last missed one and the next', () => {
    fc.assert(
      fc.property(slotMs, everyMs, fc.integer({ min: 0, max: 4e12 }), (slot, every, late) => {
        const schedule = everySchedule(every);
        const before = slot + late;
        expect(schedule.previous(slot, before) ?? slot).toBe(schedule.next(slot, before) - every);
      }),
    );
  });
});

describe('the schedule of a cron pattern', () => {
  test.each([
    ['0 9 * * 1-5', 'Europe/Helsinki', 'cron 0 9 * * 1-5 Europe/Helsinki'],
    ['  0  9 *\t* mon-Fri\n', 'UTC', 'cron 0 9 * * MON-FRI UTC'],
    ['*/10 * * * * *', 'UTC', 'cron */10 * * * * * UTC'],
    ['0 0 l * fri#2', 'UTC', 'cron 0 0 L * FRI#2 UTC'],
    [' @Daily ', 'America/Argentina/Buenos_Aires', 'cron @daily America/Argentina/Buenos_Aires'],
  ])('%p in %s has the plan %p', (pattern, tz, plan) => {
    expect(cronSchedule(pattern, tz)).toMatchObject({ plan, everyMs: null });
  });

  test.each([
    ['0 9 * * 1-5', 'Europe/Helsinki', '2026-01-02T07:00:00Z', '2026-01-05T07:00:00.000Z'],
    ['0 9 * * 1-5', 'Europe/Helsinki', '2026-07-02T06:00:00Z', '2026-07-03T06:00:00.000Z'],
    ['*/10 * * * * *', 'UTC', '2026-01-01T00:00:00Z', '2026-01-01T00:00:10.000Z'],
    ['@monthly', 'UTC', '2026-01-31T12:00:00Z', '2026-02-01T00:00:00.000Z'],
    ['0 0 L 2 *', 'UTC', '2027-12-31T12:00:00Z', '2028-02-29T00:00:00.000Z'],
    // Either day may match: the 13th, or any Friday.
    ['0 0 13 * FRI', 'UTC', '2026-01-09T00:00:00Z', '2026-01-13T00:00:00.000Z'],
    ['0 0 13 * FRI', 'UTC', '2026-01-13T00:00:00Z', '2026-01-16T00:00:00.000Z'],
    ['0 0 29 2 *', 'UTC', '2096-03-01T00:00:00Z', '2104-02-29T00:00:00.000Z'],
  ])('%p in %s after %s is due at %s', (pattern, tz, after, due) => {
    const afterMs = at(after);
    expect(isoTimes([cronSchedule(pattern, tz).next(afterMs, afterMs)])).toEqual([due]);
  });

  test.each(['* * * * * *', '0 9 * * *', '@hourly'])(
    '%p has whole seconds as slots, each once',
    (pattern) => {
      const schedule = cronSchedule(pattern, 'Europe/Helsinki');
      const slot = schedule.next(0, at('2026-05-05T05:05:05.555Z'));
      const following = schedule.next(slot, slot);
      expect(slot % SECOND).toBe(0);
      expect(following).toBeGreaterThan(slot);
      for (const early of [1, 0.5, 500, 999]) expect(schedule.next(slot, slot - early)).toBe(slot);
      for (const late of [0.5, 1, 500, 999]) expect(schedule.next(slot, slot + late)).toBe(following);
    },
  );

  test('returns the last missed slot, if there is one', () => {
    const schedule = cronSchedule('0 * * * *', 'UTC');
    const slot = at('2026-01-01T00:00:00Z');
    expect(schedule.previous(slot, slot - 1)).toBeNull();
    expect(schedule.previous(slot, slot)).toBeNull();
    expect(schedule.previous(slot, slot + HOUR - 1)).toBeNull();
    expect(schedule.previous(slot, slot + HOUR)).toBe(slot + HOUR);
    expect(schedule.previous(slot, slot + HOUR + 0.5)).toBe(slot + HOUR);
    expect(schedule.previous(slot, slot + 3 * HOUR - 1)).toBe(slot + 2 * HOUR);
    expect(schedule.previous(slot, slot + 3 * HOUR + 999)).toBe(slot + 3 * HOUR);
  });

  test('finds the last of a year of seconds without counting slots', () => {
    const schedule = cronSchedule('* * * * * *', 'Europe/Helsinki');
    const slot = at('2025-01-01T00:00:00Z');
    const started = performance.now();
    expect(schedule.previous(slot, slot + 365 * DAY + 1)).toBe(slot + 365 * DAY);
    // Counting them takes minutes.
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test('is correct with more patterns than are cached', () => {
    const schedules = Array.from({ length: 250 }, (_, n) =>
      cronSchedule(`${n % 60} ${Math.floor(n / 60)} * * *`, 'UTC'),
    );
    const midnight = at('2026-01-01T00:00:00Z');
    for (const [n, schedule] of schedules.entries()) {
      expect(schedule.next(midnight, midnight - 1)).toBe(midnight + n * MINUTE);
    }
  });
});

/** Two days around the changes of clocks in 2026; UTC has none. */
const CHANGES = [
  { tz: 'America/New_York', change: at('2026-03-08T07:00:00Z') },
  { tz: 'America/New_York', change: at('2026-11-01T06:00:00Z') },
  { tz: 'Europe/Helsinki', change: at('2026-03-29T01:00:00Z') },
  { tz: 'Europe/Helsinki', change: at('2026-10-25T01:00:00Z') },
  { tz: 'Australia/Lord_Howe', change: at('2026-04-04T15:00:00Z') },
  { tz: 'Australia/Lord_Howe', change: at('2026-10-03T15:30:00Z') },
  { tz: 'UTC', change: at('2026-03-29T01:00:00Z') },
].map(({ tz, change }) => ({ tz, change, minutes: wallMinutes(tz, change - DAY, change + DAY) }));

interface WallMinute {
  time: number;
  minute: number;
  hour: number;
  day: number;
  weekday: number;
}

/** What the clock on the wall shows at each minute, by Intl and not by croner. */
function wallMinutes(tz: string, from: number, to: number): WallMinute[] {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: tz,
    hourCycle: 'h23',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    weekday: 'short',
  });
  const minutes: WallMinute[] = [];
  for (let time = from; time < to; time += MINUTE) {
    const parts = new Map(format.formatToParts(time).map(({ type, value }) => [type, value]));
    const field = (type: Intl.DateTimeFormatPartTypes) => Number(parts.get(type));
    const weekday = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'].indexOf(parts.get('weekday') ?? '');
    minutes.push({ time, minute: field('minute'), hour: field('hour'), day: field('day'), weekday });
  }
  return minutes;
}

/** A cron field: null is `*`. Steps and ranges are croner's to test. */
function field(max: number, min = 0, oneNullIn = 2): fc.Arbitrary<number[] | null> {
  return fc.option(fc.uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 6 }), {
    freq: oneNullIn,
  });
}

const fields = fc.record({
  // Few with `*`: those have hundreds of slots to look at.
  minute: field(59, 0, 6),
  // Clocks change in these hours.
  hour: fc.option(fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { minLength: 1 }), { freq: 2 }),
  day: field(31, 1),
  weekday: field(6),
});

type Fields = typeof fields extends fc.Arbitrary<infer T> ? T : never;

const patternOf = ({ minute, hour, day, weekday }: Fields): string =>
  `${minute ?? '*'} ${hour ?? '*'} ${day ?? '*'} * ${weekday ?? '*'}`;

function matches({ minute, hour, day, weekday }: Fields, wall: WallMinute): boolean {
  const onDay = day?.includes(wall.day) ?? false;
  const onWeekday = weekday?.includes(wall.weekday) ?? false;
  return (
    (minute?.includes(wall.minute) ?? true) &&
    (hour?.includes(wall.hour) ?? true) &&
    ((!day && !weekday) || onDay || onWeekday)
  );
}

describe('when clocks change', () => {
  test('a pattern is due exactly when it matches the wall clock', () => {
    fc.assert(
      fc.property(fc.constantFrom(...CHANGES), fields, ({ tz, change, minutes }, given) => {
        // A single time of day is due once a day instead, see below.
        fc.pre(given.minute?.length !== 1 || given.hour?.length !== 1);
        const expected = minutes.filter((wall) => matches(given, wall)).map(({ time }) => time);
        const found = slots(cronSchedule(patternOf(given), tz), change - DAY, change + DAY);
        expect(isoTimes(found)).toEqual(isoTimes(expected));
      }),
      { numRuns: 80 },
    );
  });

  test('the next slot is ahead, and the previous slot is the one before it', () => {
    const offset = fc.integer({ min: -2 * DAY, max: 2 * DAY });
    fc.assert(
      fc.property(fc.constantFrom(...CHANGES), fields, offset, ({ tz, change }, given, from) => {
        const schedule = cronSchedule(patternOf(given), tz);
        const now = change + from;
        const next = schedule.next(now, now);
        const previous = schedule.previous(0, now) ?? Number.NaN;
        expect(next).toBeGreaterThan(now);
        expect(previous).toBeLessThanOrEqual(now);
        expect(schedule.next(previous, previous)).toBe(next);
        expect(schedule.next(previous, previous - 1)).toBe(previous);
        expect(schedule.previous(previous, next - 1)).toBeNull();
        expect(schedule.previous(previous, next)).toBe(next);
        expect(schedule.next(next, next)).toBeGreaterThan(next);
      }),
      { numRuns: 500 },
    );
  });

  it('a time at which a gap begins is due in the millisecond in which it ends', () => {
    const schedule = cronSchedule('0 2 * * *', 'America/New_York');
    const change = at('2026-03-08T07:00:00Z');
    expect(schedule.next(0, change - 1)).toBe(change);
    expect(schedule.previous(0, change)).toBe(change);
    expect(schedule.previous(0, change - 1)).toBe(at('2026-03-07T07:00:00Z'));
  });

  test.each([
    ['30 2 * * *', 'America/New_York', '2026-03-07', ['07T07:30', '08T07:00', '09T06:30']],
    ['30 1 * * *', 'America/New_York', '2026-10-31', ['31T05:30', '01T05:30', '02T06:30']],
    ['30 3 * * *', 'Europe/Helsinki', '2026-03-28', ['28T01:30', '29T01:00', '30T00:30']],
    ['30 3 * * *', 'Europe/Helsinki', '2026-10-24', ['24T00:30', '25T00:30', '26T01:30']],
    ['15 2 * * *', 'Australia/Lord_Howe', '2026-10-02', ['02T15:45', '03T15:30', '04T15:15']],
    ['45 1 * * *', 'Australia/Lord_Howe', '2026-04-03', ['03T14:45', '04T14:45', '05T15:15']],
    ['30 2 * * *', 'UTC', '2026-03-28', ['28T02:30', '29T02:30', '30T02:30']],
  ])('%p in %s is due once a day from %s on', (pattern, tz, from, expected) => {
    const start = at(`${from}T00:00:00Z`);
    const found = isoTimes(slots(cronSchedule(pattern, tz), start, start + 3 * DAY));
    expect(found.map((time) => time.slice(8, 16))).toEqual(expected);
  });

  test.each(CHANGES)('every second is a slot in $tz', ({ tz, change }) => {
    const schedule = cronSchedule('* * * * * *', tz);
    const found = slots(schedule, change - 5 * SECOND, change + 5 * SECOND);
    expect(found).toEqual(Array.from({ length: 10 }, (_, n) => change + (n - 5) * SECOND));
  });
});

describe('equal cron patterns', () => {
  afterEach(() => jest.restoreAllMocks());

  test('share one schedule, however they are written, also as the plan of another instance', () => {
    const schedule = cronSchedule('7 9 * * mon-fri', 'Europe/Helsinki');
    expect(cronSchedule(' 7  9 * * MON-FRI', 'Europe/Helsinki')).toBe(schedule);
    expect(parsePlan(schedule.plan)).toBe(schedule);
    expect(cronSchedule('7 9 * * mon-fri', 'Europe/Berlin')).not.toBe(schedule);
    expect(cronSchedule('8 9 * * mon-fri', 'Europe/Helsinki')).not.toBe(schedule);
  });

  test('compute each slot once, for claims and bells of thousands of jobs', () => {
    const jobs = Array.from({ length: 5000 }, () => cronSchedule('*/2 * * * *', 'Asia/Tokyo'));
    const computed = [jest.spyOn(Cron.prototype, 'nextRun'), jest.spyOn(Cron.prototype, 'previousRuns')];
    const first = at('2030-05-05T00:00:00Z');
    const wrong = new Set<string>();
    for (let slot = first; slot < first + 10 * MINUTE; slot += 2 * MINUTE) {
      for (const [index, schedule] of jobs.entries()) {
        const late = index / 4;
        const next = schedule.next(slot, Math.max(slot, slot + late - 20));
        if (next !== slot + 2 * MINUTE) wrong.add(`next of ${slot}: ${next}`);
        if (schedule.next(slot, slot + late + 1000) !== next) wrong.add(`${slot}: a bell's own time`);
        if (schedule.next(slot, next - 1) !== next) wrong.add(`${slot}: a bell's next slot`);
        if (schedule.previous(slot, next - 1) !== null) wrong.add(`${slot}: one in between`);
        if (schedule.previous(slot - 1, next - 1) !== slot) wrong.add(`${slot}: the one before`);
      }
    }
    expect([...wrong]).toEqual([]);
    expect(computed[0]?.mock.calls.length).toBeLessThan(100);
    expect(computed[1]?.mock.calls.length).toBeLessThan(100);
  });

  test('return the same from the cache as when computed, in any order', () => {
    const slots = fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { minLength: 1 });
    const asked = fc.array(fc.integer({ min: -5, max: 60 }), { maxLength: 100 });
    fc.assert(
      fc.property(slots, asked, (slots, times) => {
        const memo = new SlotMemo();
        const end = 1000;
        const next = (after: number) => Math.min(end, ...slots.filter((slot) => slot > after));
        const previous = (before: number) =>
          slots.reduce<number | null>(
            (last, slot) => (slot <= before && slot >= (last ?? 0) ? slot : last),
            null,
          );
        for (const time of times) {
          expect(memo.next(time, next)).toBe(next(time));
          expect(memo.previous(time, previous)).toBe(previous(time));
        }
      }),
    );
  });
});

describe('a cron pattern is refused', () => {
  test.each([
    'foo',
    '',
    ' ',
    '* * * *',
    '60 * * * *',
    '*/0 * * * *',
    '0 9 * * FRI-MON',
    '0 0 * * foo',
    '0 0 0 1 1 * 2030',
    '@reboot',
    '@daily @daily',
    '2099-01-01T00:00:00',
    '0 9 * * 1|2',
    '0 9 * * \u017fun',
  ])('when it is not valid: %p', (pattern) => {
    expect(() => cronSchedule(pattern, 'UTC')).toThrow(RangeError);
    expect(() => cronSchedule(pattern, 'UTC')).toThrow(
      /^cron: '.*' is not a cron pattern( \(.*\))?; try 5 fields such as/,
    );
  });

  test.each([
    ['61 * * * *', "minute '61' is not valid: 0-59"],
    ['0 0 32 * *', "day of month '32' is not valid: 1-31, L, LW or 15W"],
    ['0 0 0 * *', "day of month '0' is not valid: 1-31, L, LW or 15W"],
    ['0 0 1,32 * *', "day of month '32' is not valid: 1-31, L, LW or 15W"],
    ['0 0 * 13 *', "month '13' is not valid: 1-12 or JAN-DEC"],
    ['0 24 * * *', "hour '24' is not valid: 0-23"],
    ['0 0 * * fri-Mon', "day of week 'fri-Mon' is not valid: 0-7 or SUN-SAT, FRI#2, FRIL"],
    ['5/10 * * * *', "minute '5/10' is not valid: 0-59; a step follows * or a range"],
    ['60 0 0 * * *', "second '60' is not valid: 0-59"],
  ])('and the error quotes the invalid field of %p as it was written', (pattern, problem) => {
    expect(() => cronSchedule(pattern, 'UTC')).toThrow(
      `cron: '${pattern}' is not a cron pattern (${problem}); try`,
    );
  });

  test.each([
    ['0 0 31 2 *', 'UTC'],
    ['0 0 30 2 *', 'Europe/Helsinki'],
    // The second Sunday of March has no such hour.
    ['0,30 2 * 3 +0#2', 'America/New_York'],
    // Nor have any of the seconds of that hour.
    ['* * 2 * 3 +0#2', 'America/New_York'],
    ['* * 31 4,6,9,11 +MON', 'UTC'],
    ['*/5 * 30W 2 *', 'UTC'],
    ['0 0 1 * +MON#2', 'UTC'],
  ])('when it never matches, within a moment: %p in %s', (pattern, tz) => {
    const started = performance.now();
    expect(() => cronSchedule(pattern, tz)).toThrow(RangeError);
    expect(() => cronSchedule(pattern, tz)).toThrow(`cron: '${pattern}' never matches in ${tz}; `);
    // Some 50 ms on an idle machine; croner alone takes minutes.
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test.each(['* * 31 4,6,9,11 +MON', '*/5 * 30W 2 *', '0 0 1 * +MON#2'])(
    "when no day matches, in a fraction of croner's time: %p",
    (pattern) => {
      const own = quickestOfThree(() => expect(() => cronSchedule(pattern, 'UTC')).toThrow(/never matches/));
      const croner = quickestOfThree(() =>
        expect(new Cron(pattern, { timezone: 'UTC' }).nextRun()).toBe(null),
      );
      expect(own).toBeLessThan(croner / 3);
    },
  );

  test.each(['0 0 29 2 +MON', '0 0 L 2 +SUN', '0 12 * 2 MON#5', '0 0 31 1,3 *', '@yearly', '0 0 ? 2 ?'])(
    'but not when it matches, however rarely: %p',
    (pattern) => {
      expect(cronSchedule(pattern, 'Europe/Helsinki').next(0, Date.now())).toBeGreaterThan(Date.now());
    },
  );

  test('with the reason as the cause', () => {
    const cause = expect.objectContaining({
      message: expect.stringContaining('Invalid value for minute: 60'),
    });
    expect(() => cronSchedule('60 * * * *', 'UTC')).toThrow(expect.objectContaining({ cause }));
  });

  test.each(['', ' ', 'Europe/Nowhere', 'Europe/Helsinki\n', 'UTC|UTC', 'Europe Helsinki'])(
    'with a zone that is not one: %p',
    (tz) => {
      expect(() => cronSchedule('* * * * *', tz)).toThrow(RangeError);
      expect(() => cronSchedule('* * * * *', tz)).toThrow(/^tz: '.*' is not a time zone; give an IANA name/);
    },
  );

  test.each([[undefined], [null], [5], [new Date()]])(
    'when it, or its zone, is of another type: %p',
    (value) => {
      const other = value as unknown as string;
      expect(() => cronSchedule(other, 'UTC')).toThrow(TypeError);
      expect(() => cronSchedule(other, 'UTC')).toThrow(/^cron: .* is not a string; /);
      expect(() => cronSchedule('* * * * *', other)).toThrow(TypeError);
      expect(() => cronSchedule('* * * * *', other)).toThrow(/^tz: .* is not a string; /);
    },
  );
});

describe('a plan', () => {
  const zone = fc.constantFrom('UTC', 'Europe/Helsinki', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5');
  const pattern = fc.oneof(
    fields.map(patternOf),
    fields.map((given) => `*/15 ${patternOf(given)}`),
    fc.constantFrom(
      '@daily',
      '@HOURLY',
      ' 0 9  * * mon-fri',
      '0 0 LW * *',
      '0 0 * * FRI#L',
      '? ? 1-7 * +MON',
    ),
  );
  const schedule = fc.oneof(
    fc.integer({ min: 1, max: MAX_INTERVAL_MS }).map(everySchedule),
    fc.tuple(pattern, zone).map(([text, tz]) => cronSchedule(text, tz)),
  );

  test('is parsed back into the schedule that it was written from', () => {
    fc.assert(
      fc.property(schedule, fc.integer({ min: 0, max: 4e12 }), (given, now) => {
        const read = parsePlan(given.plan);
        expect(read).toMatchObject({ plan: given.plan, everyMs: given.everyMs });
        expect(read?.next(now, now)).toBe(given.next(now, now));
        expect(given.plan).not.toMatch(/[|\n]/);
      }),
      { numRuns: 200 },
    );
  });

  test.each([
    '',
    'every',
    'every ',
    'every 0',
    'every -5',
    'every 010',
    'every 10.0',
    'every 10 minutes',
    'every  10',
    'every 10 ',
    ' every 10',
    'Every 10',
    'every 1e3',
    `every ${MAX_INTERVAL_MS + 1}`,
    'cron',
    'cron ',
    'cron UTC',
    'cron * * * * *',
    'cron * * * * * Europe/Nowhere',
    'cron *  * * * * UTC',
    'cron * * * * mon UTC',
    'cron * * * * * UTC ',
    'cron 0 0 31 2 * UTC',
    'cron 2099-01-01T00:00:00 UTC',
    '{"every":10}',
  ])('is not parsed from a foreign value: %p', (text) => {
    expect(parsePlan(text)).toBeNull();
  });

  test('never causes an exception, whatever is stored', () => {
    const text = fc.string({
      unit: fc.constantFrom('every ', 'cron ', '*', ' ', '1', '@', '/', '-', 'UTC', '\n'),
    });
    fc.assert(
      fc.property(fc.oneof(text, fc.string()), (stored) => {
        const read = parsePlan(stored);
        expect(read === null || read.plan === stored).toBe(true);
      }),
      { numRuns: 500 },
    );
    expect(parsePlan(undefined as unknown as string)).toBeNull();
  });
});

describe("the process's time zone", () => {
  afterEach(() => jest.restoreAllMocks());

  test('is one that cron accepts', () => {
    expect(cronSchedule('@daily', processTimeZone()).plan).toBe(`cron @daily ${processTimeZone()}`);
  });

  test.each([
    ['Asia/Tokyo', 'Asia/Tokyo'],
    ['Etc/Unknown', 'UTC'],
    [undefined, 'UTC'],
  ])('that Intl calls %p is %p', (known, expected) => {
    const options = new Intl.DateTimeFormat('en').resolvedOptions();
    jest
      .spyOn(Intl.DateTimeFormat.prototype, 'resolvedOptions')
      .mockReturnValue({ ...options, timeZone: known as string });
    expect(processTimeZone()).toBe(expected);
  });
});
