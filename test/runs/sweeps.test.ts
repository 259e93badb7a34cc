import { FIRED } from '../../src/scripts/generated';
import { clockLead } from '../support/clock-lead';
import { makeFaultyFleet } from '../support/faults';
import { waitFor } from '../support/wait';

jest.mock('../../src/time/timers', () => jest.requireActual('../support/clock-lead').leadingTimers());

const DAY = 86_400_000;
const fleet = makeFaultyFleet();
const work = () => {};

afterEach(() => {
  clockLead.ms = 0;
});

/** What an instance stored about a job this many days ago. */
async function store(name: string, days: number, fired: boolean): Promise<void> {
  const { prefix, redis } = fleet;
  const at = Date.now() - days * DAY;
  await redis.hset(`${prefix}:plans`, name, `${at}|every 3600000|||`);
  await redis.zadd(`${prefix}:due`, fired ? FIRED + at : at, name);
  await redis.hset(`${prefix}:counts`, name, '7|0|0|');
  await redis.hset(`${prefix}:runs`, name, '{}');
  await redis.hset(`${prefix}:recovers`, name, 'abc:1:1');
  await redis.xadd(`${prefix}:history:${name}`, '*', 'run', '{}');
}

async function keptOf(name: string): Promise<number> {
  const { prefix, redis } = fleet;
  const kept = await Promise.all([
    ...['plans', 'demands', 'counts', 'runs', 'recovers'].map((hash) =>
      redis.hexists(`${prefix}:${hash}`, name),
    ),
    redis.zscore(`${prefix}:due`, name).then((score) => (score === null ? 0 : 1)),
    redis.exists(`${prefix}:history:${name}`),
  ]);
  return kept.reduce((sum, one) => sum + one, 0);
}

/** Moves the monotonic clock of this process forward. */
function skip(ms: number): void {
  clockLead.ms += ms;
}

describe('data that has not been used for 30 days', () => {
  it('is not deleted by instances that start: a job that is hired minutes later runs its missed slot', async () => {
    await store('b', 31, false);
    const fred = fleet.join();
    await fred.hire('a', { every: 50, work });
    // In less than 10 minutes, and in more than two searches.
    for (let minutes = 0; minutes < 9; minutes += 3) {
      await fleet.ticks('a', 2);
      skip(3 * 60_000);
    }
    await fleet.ticks('a', 2);
    expect(await keptOf('b')).toBe(6);
    await fred.hire('b', { every: '1 hour', work });
    await waitFor('the missed slot', () => fleet.slotsOf('b').length === 1);
    const counts = await fleet.redis.hget(`${fleet.prefix}:counts`, 'b');
    expect(counts).toMatch(/^[78]\|/);
  });

  it('is deleted completely by requests that settle runs, except for waiting demands and hired jobs', async () => {
    const { prefix, redis } = fleet;
    const old = Array.from({ length: 150 }, (_, index) => `old ${index}`);
    await Promise.all(old.map((name) => store(name, 31, true)));
    await store('orphan', 40, false);
    await store('young', 29, true);
    await store('waiting', 31, true);
    await redis.hset(`${prefix}:demands`, 'waiting', `noted|${Date.now() - 31 * DAY}||0|`);
    await redis.hset(`${prefix}:demands`, 'idle', `idle|${Date.now() - 31 * DAY}||0|`);
    await redis.hset(`${prefix}:counts`, 'idle', '7|0|0|');
    await redis.hset(`${prefix}:demands`, 'hired', `idle|${Date.now() - 31 * DAY}||0|`);
    await redis.hset(`${prefix}:counts`, 'hired', '7|0|0|');

    for (const [name, ends] of [
      ['paused', FIRED],
      ['paused lately', Date.now() - DAY],
      ['resumed', Date.now() - 31 * DAY],
    ] as const) {
      await store(name, 40, false);
      await redis.hset(`${prefix}:paused`, name, `${Date.now() - 40 * DAY}|1|${ends}||{}`);
    }
    await redis.hset(`${prefix}:paused`, 'never hired', `1|1|${Date.now() - 31 * DAY}||{}`);

    const fred = fleet.join();
    await fred.hire('hired', { work });
    await fred.hire('tick', { every: 50, work });
    await fleet.ticks('tick', 2);
    expect(await keptOf('orphan')).toBe(6);
    skip(11 * 60_000);
    const gone = async () =>
      (await redis.zcard(`${prefix}:due`)) === 5 &&
      (await keptOf('idle')) === 0 &&
      (await redis.hlen(`${prefix}:paused`)) === 2;
    await waitFor('the old to be gone', gone, { timeoutMs: 30_000 });
    for (const name of ['orphan', 'old 0', 'old 149', 'idle']) expect(await keptOf(name)).toBe(0);
    expect([await keptOf('young'), await keptOf('waiting'), await keptOf('hired')]).toEqual([6, 7, 2]);
  });
});
