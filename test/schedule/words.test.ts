import fc from 'fast-check';
import { MAX_INTERVAL_MS, parseInterval } from '../../src/schedule/interval';
import { cronSchedule, everySchedule } from '../../src/schedule/schedule';
import { phraseOf, wordsOf } from '../../src/schedule/words';

describe('the words of a plan', () => {
  it.each([
    [1, '1 millisecond'],
    [250, '250 milliseconds'],
    [600_000, '10 minutes'],
    [5_400_000, '1 hour 30 minutes'],
    [604_800_000, '7 days'],
    [90_061_001, '1 day 1 hour 1 minute 1 second 1 millisecond'],
  ])('of a plan of %d ms are: every %s', (ms, phrase) => {
    expect(wordsOf(everySchedule(ms).plan)).toEqual({ words: `every ${phrase}`, tz: null });
  });

  it('of any interval are read as that interval', () => {
    const units = fc.constantFrom(1, 1000, 60_000, 3_600_000, 86_400_000);
    const rounded = fc.tuple(fc.integer({ min: 1, max: 1000 }), units).map(([count, unit]) => count * unit);
    const intervals = fc.oneof(rounded, fc.integer({ min: 1, max: MAX_INTERVAL_MS }));
    fc.assert(fc.property(intervals, (ms) => expect(parseInterval(phraseOf(ms))).toBe(ms)));
  });

  it.each([
    ['0 9 * * 1-5', 'Europe/Helsinki', 'cron 0 9 * * 1-5'],
    ['*/10 * * * * *', 'UTC', 'cron */10 * * * * *'],
    ['@Daily', 'Asia/Tokyo', 'cron @daily'],
  ])('of cron %p in %s are the pattern, without the zone', (pattern, tz, words) => {
    expect(wordsOf(cronSchedule(pattern, tz).plan)).toEqual({ words, tz });
  });

  it.each(['', 'sometimes', 'every', 'every 0', 'every 5 minutes', 'every -1', 'cron', 'cron UTC'])(
    'of %p, which is no plan, are none',
    (plan) => expect(wordsOf(plan)).toEqual({ words: null, tz: null }),
  );
});
