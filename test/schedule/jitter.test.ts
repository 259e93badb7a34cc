import fc from 'fast-check';
import { nextSlots } from '../../src';
import { scheduleOf } from '../../src/schedule/definition';
import { offsetOf } from '../../src/schedule/jitter';
import { cronSchedule, everySchedule, parsePlan } from '../../src/schedule/schedule';
import { wordsOf } from '../../src/schedule/words';

const DAY = 86_400_000;
const nightly = cronSchedule('0 3 * * *', 'Europe/Helsinki');
const at = (text: string) => Date.parse(text);
const of = (name: string, prefix = 'bossman') => ({ prefix, name });

describe('the offset that a jitter gives a job', () => {
  it('is at least 0, less than the bound, and the same each time', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        fc.integer({ min: 1, max: DAY - 3_600_001 }),
        (name, prefix, bound) => {
          const offset = offsetOf(nightly, bound, of(name, prefix));
          expect(offset).toBe(offsetOf(nightly, bound, of(name, prefix)));
          expect(Number.isInteger(offset) && offset >= 0 && offset < bound).toBe(true);
        },
      ),
    );
  });

  it('is evenly spread over names: each tenth of the bound has its share of 10,000', () => {
    const counts = new Array(10).fill(0);
    for (let job = 0; job < 10_000; job += 1)
      counts[(offsetOf(nightly, 1000, of(`job ${job}`)) / 100) | 0] += 1;
    // Five standard deviations of a share of 1000.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  it('differs for another prefix', () => {
    expect(offsetOf(nightly, DAY / 2, of('report', 'a'))).not.toBe(
      offsetOf(nightly, DAY / 2, of('report', 'b')),
    );
  });

  it.each([
    ['an interval', everySchedule('10 minutes'), 600_000],
    ['a daily pattern, whose shortest day has 23 hours', nightly, 23 * 3_600_000],
    ['a pattern with gaps of 8 and 16 hours', cronSchedule('0 9,17 * * *', 'UTC'), 8 * 3_600_000],
  ])('is refused when it could reach the next slot of %s', (_, schedule, gap) => {
    expect(() => offsetOf(schedule, gap, of('report'))).toThrow(
      /^jitter: \d+ ms is not less than the .* between two slots/,
    );
    expect(offsetOf(schedule, gap - 1, of('report'))).toBeLessThan(gap);
  });
});

describe('a plan with a jitter', () => {
  const jittered = (bound: number, definition: object) =>
    scheduleOf(definition, 'Europe/Helsinki', bound, of('report'));

  it('has each slot of the plan without it, moved by the offset, also when clocks change', () => {
    const bound = 3_600_000;
    const offset = offsetOf(nightly, bound, of('report'));
    const moved = jittered(bound, { cron: '0 3 * * *' });
    for (let day = at('2026-03-20T00:00:00Z'); day < at('2026-04-05T00:00:00Z'); day += DAY) {
      const slot = nightly.next(0, day);
      expect(moved?.next(0, day + offset)).toBe(slot + offset);
      expect(moved?.previous(day, slot + offset)).toBe(slot + offset);
      expect(moved?.next(0, slot + offset - 1)).toBe(slot + offset);
    }
  });

  it('has the offset in its text, which can be parsed, and in its words', () => {
    const schedule = jittered(600_000, { every: '1 hour' });
    const { plan = '' } = schedule ?? {};
    expect(plan).toMatch(/^every 3600000 \+\d+$/);
    const read = parsePlan(plan);
    expect(read?.plan).toBe(plan);
    expect(read?.next(5, 5)).toBe(schedule?.next(5, 5));
    expect(wordsOf('every 3600000 +60000')).toEqual({ words: 'every 1 hour +1 minute', tz: null });
    expect(wordsOf('cron 0 3 * * * Europe/Helsinki +60000')).toEqual({
      words: 'cron 0 3 * * * +1 minute',
      tz: 'Europe/Helsinki',
    });
  });

  it.each(['every 1000 +0', 'every 1000 +01', 'every 1000 +-1', 'every 1000 +1 +1', 'every 1000 + 1'])(
    'is not read from %p',
    (plan) => expect(parsePlan(plan)).toBeNull(),
  );
});

describe('nextSlots', () => {
  it('returns the next slots of a pattern in its zone', () => {
    const after = new Date('2026-03-27T12:00:00Z');
    expect(nextSlots({ cron: '0 3 * * *', tz: 'Europe/Helsinki' }, { count: 3, after })).toEqual(
      ['2026-03-28T01:00:00Z', '2026-03-29T01:00:00Z', '2026-03-30T00:00:00Z'].map(at),
    );
  });

  it('counts an interval from the given moment, with the jitter of the job', () => {
    expect(nextSlots({ every: '1 hour' }, { count: 2, after: 0 })).toEqual([3_600_000, 7_200_000]);
    const [first = 0, second = 0] = nextSlots(
      { every: '1 hour', jitter: '10 minutes', name: 'report' },
      { after: 0 },
    );
    expect(first).toBe(3_600_000 + offsetOf(everySchedule('1 hour'), 600_000, of('report')));
    expect(second - first).toBe(3_600_000);
  });

  it('returns five slots from now by default', () => {
    const slots = nextSlots({ every: 1000 });
    expect(slots).toHaveLength(5);
    expect(Math.abs((slots[0] ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  it.each([
    [{}, {}, /^plan: .* has neither every nor cron/],
    [{ every: 1, cron: '* * * * *' }, {}, /exclude each other/],
    [{ every: 'foo' }, {}, /^every: 'foo'/],
    [{ every: 1000, jitter: 'foo', name: 'a' }, {}, /^jitter: 'foo'/],
    [{ every: 1000, jitter: 1000, name: 'a' }, {}, /^jitter: 1000 ms is not less/],
    [{ every: 1000, jitter: 10 }, {}, /^name: undefined/],
    [{ cron: '* * * * *', tz: 'Nowhere' }, {}, /^tz: 'Nowhere'/],
    [{ every: 1000 }, { count: 0 }, /^count: 0/],
    [{ every: 1000 }, { count: 1e9 }, /^count: 1000000000/],
    [{ every: 1000 }, { after: new Date(Number.NaN) }, /^after: Invalid Date/],
    [{ every: 1000 }, { after: Number.NaN }, /^after: NaN/],
  ])('%j, %j is refused, by name and value', (plan, options, message) => {
    expect(() => nextSlots(plan, options)).toThrow(message);
  });
});
