import { runScript } from '../support/child';
import { makeFleet } from '../support/fleet';
import { winning } from '../support/held-starts';
import { makeMemoryFleet } from '../support/memory-fleet';
import { testUrl } from '../support/redis';
import { waitFor } from '../support/wait';

jest.mock('../../src/slots/starts', () => jest.requireActual('../support/held-starts').heldStarts());

const fleet = makeFleet();

afterEach(() => {
  winning.hold = null;
});

it.each([
  ['before its time is released, and nothing is reported', false],
  ['after its time is released, and reported', true],
])('a slot that was won, and has not begun when the job is paused %s', async (_, hadPassed) => {
  const [fred, operator] = [fleet.join(), fleet.join()];
  await fred.hire('job', { every: 300, ttl: 60_000, recover: true, work: () => {} });
  let won = 0;
  let slot = 0;
  winning.hold = async () => {
    won += 1;
    slot = Number(await fleet.redis.zscore(`${fleet.prefix}:due`, 'job')) - 300;
    if (hadPassed) await waitFor('the slot', () => Date.now() > slot);
    await operator.pause('job');
    await waitFor('the winner to hear of it', () => fleet.toldBy(fred).pause.length > 0);
  };
  await waitFor('a slot to be won', () => won > 0);
  winning.hold = null;
  await waitFor(
    'its lock to be free',
    async () => (await fleet.redis.exists(`${fleet.prefix}:lock:job`)) === 0,
  );
  const from = Number(await fleet.redis.zscore(`${fleet.prefix}:due`, 'job'));
  await waitFor('slots to pass', async () => {
    return Number(await fleet.redis.zscore(`${fleet.prefix}:due`, 'job')) > from + 600;
  });
  expect(fleet.told.start).toEqual([]);
  const [paused] = fleet.told.pause;
  const wasDue = hadPassed || slot < (paused?.since ?? 0);
  expect(fleet.told.skip).toEqual(wasDue ? [{ job: 'job', slot, through: slot, why: 'missed' }] : []);
  expect(await fleet.redis.hlen(`${fleet.prefix}:recovers`)).toBe(0);
  // Of one that was won before a pause that is over by now, nothing is held back.
  await operator.resume('job');
  await waitFor('a run', () => fleet.told.finish.length > 0);
});

it('a run that died while its job is paused is run once more after the resume, and a demand at once', async () => {
  const script = `const fred = new Bossman({ connection, prefix: '${fleet.prefix}' });
    fred.hire('job', { every: 300, ttl: 500, recover: true,
      work: ({ slot }) => { console.log(slot); return new Promise(() => {}); } });`;
  const { lines } = await runScript(script, testUrl(), (_line, child) => child.kill('SIGKILL'));
  const operator = fleet.join();
  await operator.pause('job');
  const fred = fleet.join();
  await fred.hire('job', { every: 300, ttl: 500, recover: true, work: () => {} });
  await fred.demand('job');
  await waitFor('the demand', () => fleet.told.finish.length === 1);
  const storedSlot = async () => Number(await fleet.redis.zscore(`${fleet.prefix}:due`, 'job'));
  const from = await storedSlot();
  await waitFor('slots to pass', async () => (await storedSlot()) > from + 900);
  expect(fleet.told.start.map(({ slot }) => slot)).toEqual([null]);
  await operator.resume('job');
  const died = Number(lines[0]);
  await waitFor(
    'two slots more',
    () => fleet.told.finish.filter(({ slot }) => Number(slot) > from).length >= 2,
  );
  const recovered = fleet.told.start.filter(({ slot }) => slot === died);
  expect(recovered).toMatchObject([{ recovered: true }]);
});

describe('where time passes in memory', () => {
  const memory = makeMemoryFleet();

  it.each([
    ['continues', null],
    ['is over', '1 second'],
  ])('slots that were due before a pause that %s, and are then too late, are reported', async (_, until) => {
    const plan = { every: '4 seconds', work: () => {} };
    const gone = memory.join();
    await gone.hire('job', plan);
    await gone.quit();
    await memory.advance('18 seconds');
    await memory.join().pause('job', until === null ? {} : { until });
    await memory.advance('1 second');
    await memory.join({ misfire: { within: '5 seconds' } }).hire('job', plan);
    await memory.advance('2 seconds');
    const [slot, through] = [memory.start + 4000, memory.start + 16_000];
    expect(memory.told.skip).toEqual([{ job: 'job', slot, through, why: 'missed' }]);
  });

  it('a run that died while its job is paused is run once more after the resume, and a demand at once', async () => {
    const definition = { every: '1 minute', ttl: 500, recover: true };
    const gone = memory.join();
    await gone.hire('job', { ...definition, work: () => memory.sleep('1 day') });
    await memory.advance('1 minute');
    const operator = memory.join();
    await operator.pause('job');
    memory.crash(gone);
    const fred = memory.join();
    await fred.hire('job', { ...definition, work: () => {} });
    await fred.demand('job');
    await memory.advance('10 minutes');
    const starts = () => memory.toldBy(fred).start;
    expect(starts()).toMatchObject([{ slot: null, startedAt: memory.start + 60_501 }]);
    await operator.resume('job');
    await memory.advance(0);
    const died = memory.start + 60_000;
    expect(starts().slice(1)).toMatchObject([{ slot: died, recovered: true }]);
    await memory.advance('3 minutes');
    expect(starts().filter(({ slot }) => slot === died)).toHaveLength(1);
  });
});
