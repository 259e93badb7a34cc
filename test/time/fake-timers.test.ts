import FakeTimers from '@sinonjs/fake-timers';
import type Bossman from '../../src';
import { runNode } from '../support/child';
import { makeFleet } from '../support/fleet';
import { testUrl } from '../support/redis';
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
  it('a single instance continues its jobs, hires and takes demands', async () => {
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

/** What is faked before the library is loaded, and what ends that. Without `process.nextTick`, ioredis connects nowhere. */
const BEFORE: Record<string, { fake: string; end: string }> = {
  'those of sinon, save nextTick': {
    fake: `const clock = FakeTimers.install({ toNotFake: ['nextTick'] });`,
    end: '',
  },
  'all those of sinon, until an instance is made': {
    fake: 'const clock = FakeTimers.install();',
    end: 'clock.uninstall();',
  },
  'those of sinon, which go on by themselves until an instance is made': {
    fake: 'const clock = FakeTimers.install({ shouldAdvanceTime: true });',
    end: 'clock.uninstall();',
  },
  'the clock of sinon': {
    fake: `const clock = FakeTimers.install({ toFake: ['performance', 'hrtime'] });`,
    end: '',
  },
  'the Date of sinon': { fake: `const clock = FakeTimers.install({ toFake: ['Date'], now: 0 });`, end: '' },
  'those of node:test': { fake: `const { mock } = require('node:test'); mock.timers.enable();`, end: '' },
  'those of node:test, until an instance is made': {
    fake: `const { mock } = require('node:test'); mock.timers.enable();`,
    end: 'mock.timers.reset();',
  },
};

describe.each(Object.entries(BEFORE))(
  'when timers were %s before the library was loaded,',
  (_, { fake, end }) => {
    it('a single instance runs its slots, renews its locks, takes demands and quits', async () => {
      const script = `
      const { setTimeout } = require('node:timers');
      const FakeTimers = require('@sinonjs/fake-timers');
      const { Socket } = require('node:net');
      setTimeout(() => process.exit(1), 20_000);
      ${fake}
      const Bossman = require('../../src');
      ${end}
      const fred = new Bossman({ connection: '${testUrl()}', prefix: '${fleet.prefix}', disableRedisConfig: true });
      const told = { runs: 0, latest: 0, lost: 0, demands: 0 };
      let enough;
      const waits = new Promise((resolve) => { enough = resolve; });
      fred.on('lost', () => { told.lost += 1; });
      fred.on('error', ({ message }) => console.log(message));
      fred.on('finish', ({ job, slot, lateness }) => {
        if (slot === null) told.demands += 1;
        else told.runs += 1;
        told.latest = Math.max(told.latest, lateness);
        if (told.runs >= 10 && told.demands >= 1) enough();
      });
      // Nothing fakes the timeout of a socket.
      const wait = (ms) => new Promise((resolve) => new Socket().setTimeout(ms, resolve));
      (async () => {
        await fred.hire('short', { every: 50, work: () => {} });
        await fred.hire('long', { keepAlive: true, ttl: 500, work: () => wait(1500) });
        await fred.demand('long');
        await waits;
        await fred.quit();
        console.log(JSON.stringify(told));
        process.exit(0);
      })();`;
      // What sinon says to ioredis on stderr is none of ours.
      const { code, lines } = await runNode(['-e', script]);
      expect({ code, lines: lines.length }).toEqual({ code: 0, lines: 1 });
      const told = JSON.parse(lines[0] ?? '');
      expect(told).toMatchObject({ lost: 0, demands: 1 });
      expect(told.runs).toBeGreaterThanOrEqual(10);
    });
  },
);

it('those of jest stop no instance either, even if installed before the library was loaded', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick'] });
  ends.push(() => jest.useRealTimers());
  let Loaded: typeof Bossman | undefined;
  jest.isolateModules(() => {
    Loaded = require('../../src');
  });
  if (!Loaded) throw new Error('not loaded');
  const fred = new Loaded({ connection: testUrl(), prefix: fleet.prefix });
  let runs = 0;
  fred.on('finish', () => {
    runs += 1;
  });
  try {
    await fred.hire('a', { every: 50, work });
    await waitFor('ten runs', () => runs >= 10);
  } finally {
    await fred.quit();
  }
});
