import fc from 'fast-check';
import { RedisClock } from '../../src/time/clock';

describe("the estimate of Redis' clock", () => {
  it('is unknown before the first answer', () => {
    expect(new RedisClock().known).toBe(false);
    expect(new RedisClock().now()).toBeNaN();
    expect(new RedisClock().bounds()).toEqual({ earliest: Number.NaN, latest: Number.NaN });
  });

  it('is never wrong by more than half of the quickest answer, whatever the network does', () => {
    const answer = fc.record({
      pause: fc.double({ min: 0, max: 5000, noNaN: true }),
      there: fc.double({ min: 0, max: 300, noNaN: true }),
      back: fc.double({ min: 0, max: 300, noNaN: true }),
    });
    fc.assert(
      fc.property(
        fc.array(answer, { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 2e12 }),
        (answers, offset) => {
          let local = 1000;
          const clock = new RedisClock(() => local);
          let best = Number.POSITIVE_INFINITY;
          for (const { pause, there, back } of answers) {
            local += pause;
            const sentAt = local;
            const redis = local + there + offset;
            local += there + back;
            clock.observe(sentAt, redis);
            // Drift is allowed for, so an old bound loosens with time.
            best = Math.min(best + 2 * 0.0002 * (pause + there + back), there + back);
            expect(Math.abs(clock.now() - (local + offset))).toBeLessThanOrEqual(best / 2 + 0.001);
            const { earliest, latest } = clock.bounds();
            expect(earliest).toBeLessThanOrEqual(local + offset + 0.001);
            expect(latest).toBeGreaterThanOrEqual(local + offset - 0.001);
            expect(latest - earliest).toBeLessThanOrEqual(best + 0.001);
          }
        },
      ),
    );
  });

  it('follows a server whose clock was set, and reports that alarms are wrong now', () => {
    let local = 0;
    const clock = new RedisClock(() => local);
    const answer = (redis: number) => {
      const sentAt = local;
      local += 1;
      return clock.observe(sentAt, redis);
    };
    expect(answer(1_000_000)).toBe(false);
    expect(answer(1_000_001)).toBe(false);
    expect(answer(4_600_000)).toBe(true);
    expect(clock.now()).toBeCloseTo(4_600_000.5, 5);
    expect(answer(1_000_000)).toBe(true);
    expect(clock.now()).toBeCloseTo(1_000_000.5, 5);
  });
});
