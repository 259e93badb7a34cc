import { runScript } from '../support/child';
import { makeFleet } from '../support/fleet';
import { testUrl } from '../support/redis';
import { waitFor } from '../support/wait';

/** Called when a slot was won, before it begins. */
const mockWon: { hold: (() => Promise<void>) | null } = { hold: null };
jest.mock('../../src/slots/starts', () => {
  const actual: typeof import('../../src/slots/starts') = jest.requireActual('../../src/slots/starts');
  class HeldStarts extends actual.Starts {
    override async wait(name: string, ms: number): Promise<boolean> {
      await mockWon.hold?.();
      return super.wait(name, ms);
    }
  }
  return { ...actual, Starts: HeldStarts };
});

const fleet = makeFleet();

afterEach(() => {
  mockWon.hold = null;
});

async function redisNow(): Promise<number> {
  const [seconds, micros] = await fleet.redis.time();
  return Number(seconds) * 1000 + Number(micros) / 1000;
}

it('a run that died while its job is paused is run once more after the resume, and a demand at once', async () => {
  const script = `const fred = new Bossman({ connection, prefix: '${fleet.prefix}' });
    fred.hire('job', { every: '1 second', ttl: 500, recover: true,
      work: ({ slot }) => { console.log(slot); return new Promise(() => {}); } });`;
  const { lines } = await runScript(script, testUrl(), (_line, child) => child.kill('SIGKILL'));
  const operator = fleet.join();
  await operator.pause('job');
  const fred = fleet.join();
  await fred.hire('job', { every: '1 second', ttl: 500, recover: true, work: () => {} });
  await fred.demand('job');
  await waitFor('the demand', () => fleet.told.finish.length === 1);
  const from = await redisNow();
  await waitFor('slots to pass', async () => {
    return Number(await fleet.redis.zscore(`${fleet.prefix}:due`, 'job')) > from + 2000;
  });
  expect(fleet.told.start.map(({ slot }) => slot)).toEqual([null]);
  await operator.resume('job');
  const died = Number(lines[0]);
  await waitFor('the run', () => fleet.told.start.some(({ slot }) => slot === died));
  const recovered = fleet.told.start.filter(({ slot }) => slot === died);
  expect(recovered).toMatchObject([{ recovered: true }]);
});

it('a slot that was won but has not begun when the job is paused is released, and nothing is reported', async () => {
  const [fred, operator] = [fleet.join(), fleet.join()];
  await fred.hire('job', { every: 300, ttl: 60_000, recover: true, work: () => {} });
  let won = 0;
  mockWon.hold = async () => {
    won += 1;
    await operator.pause('job');
    await waitFor('the winner to hear of it', () => fleet.toldBy(fred).pause.length > 0);
  };
  await waitFor('a slot to be won', () => won > 0);
  mockWon.hold = null;
  await waitFor(
    'its lock to be free',
    async () => (await fleet.redis.exists(`${fleet.prefix}:lock:job`)) === 0,
  );
  const from = Number(await fleet.redis.zscore(`${fleet.prefix}:due`, 'job'));
  await waitFor('slots to pass', async () => {
    return Number(await fleet.redis.zscore(`${fleet.prefix}:due`, 'job')) > from + 600;
  });
  expect(fleet.told.start).toEqual([]);
  expect(fleet.told.skip).toEqual([]);
  expect(await fleet.redis.hlen(`${fleet.prefix}:recovers`)).toBe(0);
  // Of one that was won before a pause that is over by now, nothing is held back.
  await operator.resume('job');
  await waitFor('a run', () => fleet.told.finish.length > 0);
});
