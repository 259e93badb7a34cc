import FakeTimers from '@sinonjs/fake-timers';
import type Bossman from '../../src';
import { makeFleet } from '../support/fleet';
import { waitFor } from '../support/wait';

// Before those of the fleet, which needs real timers to stop its own.
const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

const fleet = makeFleet();

const EVERY = 100;
const work = () => {};

/** Each fakes what the user's test runner would, and gives what ends that. */
const FAKES: Record<string, () => () => void> = {
  'those of jest': () => {
    jest.useFakeTimers();
    return () => jest.useRealTimers();
  },
  'the legacy ones of jest': () => {
    jest.useFakeTimers({ legacyFakeTimers: true });
    return () => jest.useRealTimers();
  },
  // Vitest's are these, too.
  'those of sinon': () => {
    const clock = FakeTimers.install();
    return () => clock.uninstall();
  },
  'those of sinon for Date alone': () => {
    const clock = FakeTimers.install({ toFake: ['Date'], now: 0 });
    return () => clock.uninstall();
  },
};

const runsOf = (instance: Bossman, job: string) =>
  fleet.toldBy(instance).finish.filter((run) => run.job === job).length;

describe.each(Object.entries(FAKES))('while timers are %s, and nobody moves their clock,', (_, fake) => {
  it('a single instance goes on with what it hired, hires and demands', async () => {
    const fred = fleet.join();
    await fred.hire('before', { every: EVERY, keepAlive: true, ttl: 1000, work });
    await waitFor('a run', () => runsOf(fred, 'before') >= 1);
    const realNow = performance.now.bind(performance);
    ends.push(fake());
    const before = runsOf(fred, 'before');
    const fakedAt = realNow();
    await fred.hire('meanwhile', { every: EVERY, work });
    await waitFor('ten more runs', () => runsOf(fred, 'before') >= before + 10);
    expect(realNow() - fakedAt).toBeGreaterThan(8 * EVERY);
    await waitFor('runs of the other', () => runsOf(fred, 'meanwhile') >= 3);
    await fred.demand('meanwhile');
    await fred.hire('every minute', { cron: '* * * * *', tz: 'UTC', work });
    const told = (await fred.jobs()).find(({ name }) => name === 'every minute');
    const [seconds] = await fleet.redis.time();
    expect((told?.nextSlot ?? 0) / 1000 - Number(seconds)).toBeGreaterThan(0);
    expect((told?.nextSlot ?? Infinity) / 1000 - Number(seconds)).toBeLessThanOrEqual(61);
    await fred.quit();
  });
});
