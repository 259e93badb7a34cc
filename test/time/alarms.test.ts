import fc from 'fast-check';
import { Alarms } from '../../src/time/alarms';
import { delay } from '../support/wait';

// The timers of this file, which Jest replaces: those of Node are taken when the module is loaded.
jest.mock('node:timers', () => ({
  setTimeout: (...args: Parameters<typeof setTimeout>) => setTimeout(...args),
  setInterval: (...args: Parameters<typeof setInterval>) => setInterval(...args),
  clearTimeout: (...args: Parameters<typeof clearTimeout>) => clearTimeout(...args),
  clearInterval: (...args: Parameters<typeof clearInterval>) => clearInterval(...args),
  setImmediate: (...args: Parameters<typeof setImmediate>) => setImmediate(...args),
}));
jest.mock('node:perf_hooks', () => ({ performance: Object.create({ now: () => performance.now() }) }));

/** Alarms on a clock that a test moves, stepped by hand. */
function makeAlarms() {
  const rung: string[] = [];
  const clock = { now: 0 };
  const alarms = new Alarms(
    () => clock.now,
    (key) => rung.push(key),
  );
  const advance = (to: number) => {
    clock.now = to;
    alarms.step();
  };
  return { alarms, clock, rung, advance };
}

describe('alarms', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('ring in the order of their times, each once, and never early', () => {
    const { alarms, rung, advance } = makeAlarms();
    alarms.set('late', 300);
    alarms.set('early', 100);
    alarms.set('middle', 200);
    advance(99);
    expect(rung).toEqual([]);
    advance(250);
    expect(rung).toEqual(['early', 'middle']);
    advance(1000);
    expect(rung).toEqual(['early', 'middle', 'late']);
    advance(2000);
    expect(rung).toHaveLength(3);
  });

  it('that are due at once ring in the order in which they were set, time after time', () => {
    const { alarms, rung, advance } = makeAlarms();
    const keys = Array.from({ length: 200 }, (_, index) => `job ${index}`);
    for (let tick = 1; tick <= 3; tick += 1) {
      for (const key of keys) alarms.set(key, 1000 * tick);
      advance(1000 * tick);
      expect(rung.splice(0)).toEqual(keys);
    }
  });

  it("allow a wait that is longer than a timer's limit", () => {
    const { alarms, clock, rung } = makeAlarms();
    const month = 30 * 86_400_000;
    const longest = 2 ** 31 - 1;
    alarms.set('far', month);
    clock.now = longest;
    jest.advanceTimersByTime(longest);
    expect(rung).toEqual([]);
    clock.now = month;
    jest.advanceTimersByTime(month - longest);
    expect(rung).toEqual(['far']);
  });

  it("do not ring again and again, on Node's timers, while such a wait lasts", async () => {
    jest.useRealTimers();
    let looks = 0;
    const now = () => {
      looks += 1;
      return 0;
    };
    const alarms = new Alarms(now, () => {});
    alarms.set('far', 30 * 86_400_000);
    await delay(100);
    alarms.stop();
    expect(looks).toBeLessThan(5);
  });

  it('behave like a plain list of times, whatever is set, reset and cleared', () => {
    const keys = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    const step = fc.oneof(
      fc.record({ do: fc.constant('set' as const), key: keys, at: fc.integer({ min: 0, max: 200 }) }),
      fc.record({ do: fc.constant('clear' as const), key: keys, at: fc.constant(0) }),
      fc.record({ do: fc.constant('advance' as const), key: keys, at: fc.integer({ min: 0, max: 40 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { alarms, clock, rung, advance } = makeAlarms();
        const model = new Map<string, number>();
        for (const { do: what, key, at } of steps) {
          if (what === 'set') {
            alarms.set(key, clock.now + at);
            model.set(key, clock.now + at);
          } else if (what === 'clear') {
            alarms.clear(key);
            model.delete(key);
          } else {
            rung.length = 0;
            advance(clock.now + at);
            const due = [...model].filter(([, dueAt]) => dueAt <= clock.now);
            for (const [dueKey] of due) model.delete(dueKey);
            const times = new Map(due);
            expect([...rung].sort()).toEqual(due.map(([dueKey]) => dueKey).sort());
            const order = rung.map((name) => times.get(name) ?? 0);
            expect(order).toEqual([...order].sort((x, y) => x - y));
          }
        }
        alarms.stop();
      }),
    );
  });

  it('leave no timer behind when they are stopped, and cannot be set again', () => {
    const { alarms } = makeAlarms();
    for (let index = 0; index < 1000; index += 1) alarms.set(`job ${index}`, index);
    alarms.stop();
    alarms.set('job 1', 1);
    expect(jest.getTimerCount()).toBe(0);
  });
});
