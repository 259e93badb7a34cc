import { Redis } from 'ioredis';
import { caughtUp } from './support/caught-up';
import { Counted } from './support/counted';
import { makeFleet } from './support/fleet';
import { joinOriginal } from './support/original';
import { type RedisServer, startServer } from './support/redis';
import { delay, waitFor } from './support/wait';

// What MIGRATING.md says of an upgrade from the original, besides what interop.test.ts shows.

const fleet = makeFleet();

const EVERY = 300;

/** Runs of one job by old and new instances, which take longer than an original is late. */
function watched() {
  const runs = { old: 0, young: 0 };
  const counted = new Counted(() => delay(120));
  const by = (kind: 'old' | 'young') => () => {
    runs[kind] += 1;
    return counted.work();
  };
  const more = (kind: 'old' | 'young', count: number) => {
    const before = runs[kind];
    return waitFor(`${count} more ${kind}`, () => runs[kind] >= before + count);
  };
  // An original that quits in a run warns of its lock.
  const pause = () => waitFor('a pause', () => counted.going === 0);
  return { runs, counted, old: by('old'), young: by('young'), more, pause };
}

it('a fleet of originals is replaced one by one, and back again: the job continues, and no two runs overlap', async () => {
  const job = watched();
  const hireOld = async () => {
    const member = await joinOriginal(fleet);
    member.hire('a', { every: EVERY, work: job.old });
    return member;
  };
  const olds = [await hireOld(), await hireOld(), await hireOld()];
  await job.more('old', 2);

  const youngs = [];
  for (const old of olds) {
    const young = fleet.join();
    await young.hire('a', { every: EVERY, work: job.young });
    youngs.push(young);
    await job.more('young', 1);
    await job.pause();
    await old.quit();
    await job.more('young', 2);
  }
  const slots = fleet.told.start.map(({ slot }) => slot);
  expect(new Set(slots).size).toBe(slots.length);

  for (const young of youngs) {
    await hireOld();
    await young.quit();
  }
  await job.more('old', 3);
  expect(job.counted.most).toBe(1);
  await job.pause();
});

it('after a rollback, only the documented keys of the new version are left', async () => {
  const young = fleet.join({ recover: true });
  await young.hire('a', { every: EVERY, work: () => {} });
  await young.demand('a');
  await waitFor('a demand and a slot', () => fleet.told.finish.length >= 2);
  await young.quit();
  const keys = (await fleet.redis.keys(`${fleet.prefix}:*`)).map((key) => key.slice(fleet.prefix.length + 1));
  const named = ['due', 'plans', 'demands', 'runs', 'recovers', 'counts', 'history:a'];
  const ofOriginal = ['work:a', 'lock:a'];
  expect(keys.filter((key) => !named.includes(key) && !ofOriginal.includes(key))).toEqual([]);
});

describe('in a mixed fleet', () => {
  it('a job that a new instance fires also ends in an original, until that hires it again', async () => {
    const job = watched();
    const old = await joinOriginal(fleet);
    const young = fleet.join();
    old.hire('a', { every: EVERY, work: job.old });
    await young.hire('a', { every: EVERY, work: job.young });
    await waitFor('runs', () => job.runs.old + job.runs.young >= 3);
    // An original that is still to hear of the last slot's expiry sets the trigger again, fired or not.
    await delay(EVERY / 2);
    await young.fire('a');
    await caughtUp(young);
    await job.pause();
    const { old: byOld, young: byYoung } = job.runs;
    await delay(4 * EVERY);
    expect(job.runs).toMatchObject({ old: byOld, young: byYoung });
    old.hire('a', { every: EVERY, work: job.old });
    await job.more('old', 2);
    expect(job.runs.young).toBe(byYoung);
    await job.pause();
  });

  it('a job that an original fires continues in new instances', async () => {
    const job = watched();
    const old = await joinOriginal(fleet);
    const young = fleet.join();
    await young.hire('a', { every: EVERY, work: job.young });
    await job.more('young', 1);
    await old.fire('a');
    await job.more('young', 3);
  });
});

describe('an instance of the last original without a prefix', () => {
  let server: RedisServer;
  beforeEach(async () => {
    server = await startServer();
  });
  afterEach(() => server.stop());

  it("shares its jobs with a new one whose prefix is 'bossbat'", async () => {
    const connection = { host: '127.0.0.1', port: server.port, db: 0 };
    let runs = 0;
    const old = await joinOriginal(fleet, { connection, prefix: undefined });
    const young = fleet.join({ connection, prefix: 'bossbat' });
    old.hire('a', { work: () => (runs += 1) });
    await young.demand('a');
    await waitFor('its run by the original', () => runs === 1);
    const redis = new Redis(server.port);
    const keys = await redis.keys('*');
    redis.disconnect();
    expect(keys.filter((key) => !key.startsWith('bossbat:'))).toEqual([]);
    await Promise.all([old.quit(), young.quit()]);
  });
});
