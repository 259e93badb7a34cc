import FakeTimers from '@sinonjs/fake-timers';
import { type TestFleet, testFleet } from '../../src/testing';
import { runNode } from '../support/child';

const globals = () => [
  Date,
  setTimeout,
  setInterval,
  setImmediate,
  clearTimeout,
  queueMicrotask,
  performance.now,
  process.nextTick,
];

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** Each fakes what the user's test runner would, and gives what ends that. */
const FAKES: Record<string, () => () => void> = {
  none: () => () => {},
  'those of jest': () => {
    jest.useFakeTimers({ now: 0 });
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
};

const use = async (fleet: TestFleet) => {
  ends.unshift(() => fleet.close());
  const fred = fleet.bossman();
  await fred.hire('often', { every: '10 minutes', work: () => fleet.sleep(5) });
  await fleet.advance('1 day');
  await fred.demand('often');
  await fleet.advance('1 second');
  expect(fleet.runs('often')).toHaveLength(145);
  expect(await fred.jobs()).toHaveLength(1);
};

describe.each(Object.entries(FAKES))('while timers are %s,', (_, fake) => {
  it('a fleet in memory works, and does not change the timers', async () => {
    ends.push(fake());
    const before = globals();
    await use(testFleet({ now: 0 }));
    expect(globals()).toEqual(before);
  });

  it('a fleet in memory works even if it is loaded only then', async () => {
    ends.push(fake());
    let load: typeof testFleet | undefined;
    jest.isolateModules(() => {
      load = require('../../src/testing').testFleet;
    });
    if (load) await use(load({ now: 0 }));
  });
});

it.each([
  ['node:test', `const { mock } = require('node:test'); mock.timers.enable();`],
  ['sinon', `require('@sinonjs/fake-timers').install();`],
])('a fleet in memory works in a process whose timers %s has replaced, and lets it exit', async (_, fake) => {
  const script = `
    ${fake}
    const { testFleet } = require('../../src/testing');
    const fleet = testFleet({ now: 0 });
    const fred = fleet.bossman();
    fred.hire('often', { every: '10 minutes', work: () => {} });
    fleet.advance('1 day').then(() => console.log(fleet.runs('often').length));`;
  const { code, lines } = await runNode(['-e', script]);
  expect({ code, lines }).toEqual({ code: 0, lines: ['144'] });
});
