import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join as pathOf } from 'node:path';
import type Bossman from '../../src';
import type { JobInfo } from '../../src/info';
import { type Inspector, openInspector } from '../../src/inspection/inspector';
import { caughtUp } from '../support/caught-up';
import { clockLead } from '../support/clock-lead';
import { makeFleet } from '../support/fleet';
import { testUrl } from '../support/redis';
import { PATIENCE, waitFor } from '../support/wait';

jest.mock('../../src/time/timers', () => jest.requireActual('../support/clock-lead').leadingTimers());

/** Before the instances quit, which waits for what they run. */
const atTheEnd: (() => void)[] = [];
afterEach(() => {
  for (const end of atTheEnd.splice(0)) end();
});

const fleet = makeFleet();
const work = () => {};
const EVERY = { every: '1 hour', work };
const { version } = JSON.parse(readFileSync(pathOf(__dirname, '../../package.json'), 'utf8'));

/** Work that lasts until it is released, at the latest after the test. */
function held() {
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  atTheEnd.push(end);
  return { work: () => ended, end };
}

async function observe(): Promise<Inspector> {
  const inspector = await openInspector({ connection: testUrl(), prefix: fleet.prefix });
  fleet.afterwards(() => inspector.close());
  return inspector;
}

async function jobOf(instance: { jobs(): Promise<JobInfo[]> }, name: string): Promise<JobInfo> {
  const job = (await instance.jobs()).find((one) => one.name === name);
  if (!job) throw new Error(`there is no job ${name}`);
  return job;
}

/** An instance, when it hears the bell as well. */
async function join(options?: Bossman.BossmanOptions): Promise<Bossman> {
  const before = await fleet.listeners();
  const instance = fleet.join(options);
  await waitFor('it to listen', async () => (await fleet.listeners()) === before + 1);
  return instance;
}

async function idOf(instance: Bossman): Promise<string> {
  const before = new Set((await instance.fleet()).map(({ id }) => id));
  const [other] = before;
  if (before.size !== 1 || other === undefined) throw new Error('ask while it is alone');
  return other;
}

async function demandAndWait(instance: Bossman, name: string): Promise<void> {
  const before = fleet.told.finish.length + fleet.told.fail.length;
  await instance.demand(name);
  await waitFor('the run', () => fleet.told.finish.length + fleet.told.fail.length > before);
}

describe('jobs()', () => {
  it('returns every job of the fleet by name: plan, words, zone and next slot, hired here or not', async () => {
    const fred = await join();
    const id = await idOf(fred);
    await fred.hire('interval', { every: 5_400_000, work });
    await fred.hire('cron', { cron: '0 9 * * mon-fri', tz: 'Europe/Helsinki', work });
    await fred.hire('wanted', { work });
    const other = await join();
    const jobs = await other.jobs();
    expect(jobs).toEqual(await fred.jobs());
    const unrun = {
      fired: false,
      demandedSince: null,
      running: null,
      lastRun: null,
      orphaned: false,
      hirersKnown: true,
      hiredBy: [id],
      runs: 0,
      failures: 0,
      failuresInARow: 0,
      overdue: null,
      paused: null,
      skips: 0,
    };
    const slotOf = async (name: string) => Number(await fleet.redis.zscore(`${fleet.prefix}:due`, name));
    expect(jobs).toEqual([
      {
        ...unrun,
        name: 'cron',
        plan: 'cron 0 9 * * MON-FRI Europe/Helsinki',
        words: 'cron 0 9 * * MON-FRI',
        tz: 'Europe/Helsinki',
        nextSlot: await slotOf('cron'),
      },
      {
        ...unrun,
        name: 'interval',
        plan: 'every 5400000',
        words: 'every 1 hour 30 minutes',
        tz: null,
        nextSlot: await slotOf('interval'),
      },
      { ...unrun, name: 'wanted', plan: null, words: null, tz: null, nextSlot: null },
    ]);
  });

  it('returns the last run, and counts runs and failures', async () => {
    fleet.allowErrors(/^WORK_FAILED/);
    const fred = await join();
    let luck = true;
    await fred.hire('job', {
      work: () => {
        if (!luck) throw new Error('no luck');
      },
    });
    await demandAndWait(fred, 'job');
    luck = false;
    await demandAndWait(fred, 'job');
    const failed = await waitFor('the failure to be noted', async () => {
      const job = await jobOf(fred, 'job');
      return job.failures > 0 ? job : null;
    });
    const [told] = fleet.told.fail;
    expect(failed).toMatchObject({ runs: 2, failures: 1, skips: 0 });
    expect(failed.lastRun).toEqual({
      slot: null,
      demandedAt: told?.demandedAt,
      startedAt: Math.round(told?.startedAt ?? 0),
      lateness: Math.round(told?.lateness ?? 0),
      durationMs: Math.round(told?.duration ?? 0),
      outcome: 'failed',
      error: 'no luck',
      details: null,
      by: failed.hiredBy[0],
      host: hostname().slice(0, 64),
      pid: process.pid,
      recovered: false,
    });
  });

  it('counts failures in a row, until a run ends well', async () => {
    fleet.allowErrors(/^WORK_FAILED/);
    const fred = await join();
    let luck = false;
    await fred.hire('job', {
      work() {
        if (!luck) throw new Error('no luck');
      },
    });
    const inARow: number[] = [];
    for (const next of [false, false, true, false]) {
      luck = next;
      await demandAndWait(fred, 'job');
      const runs = inARow.length + 1;
      const job = await waitFor('the run to be noted', async () => {
        const noted = await jobOf(fred, 'job');
        return noted.runs === runs ? noted : null;
      });
      inARow.push(job.failuresInARow);
    }
    expect(inARow).toEqual([1, 2, 0, 1]);
    expect(await jobOf(fred, 'job')).toMatchObject({ runs: 4, failures: 3 });
  });

  it('returns a run that a QA vetoed', async () => {
    const fred = await join();
    fred.qa(() => {});
    await fred.hire('job', { work });
    await demandAndWait(fred, 'job');
    const job = await waitFor('the run to be noted', async () => {
      const noted = await jobOf(fred, 'job');
      return noted.runs > 0 ? noted : null;
    });
    expect(job).toMatchObject({ runs: 1, failures: 0, lastRun: { outcome: 'vetoed', error: null } });
  });

  it('returns the current run: by whom, since when, and how long its lock still lasts', async () => {
    const fred = await join();
    const id = await idOf(fred);
    const { work } = held();
    await fred.hire('job', { ttl: 60_000, work });
    await fred.demand('job');
    const other = await join();
    await waitFor('the run', () => fleet.told.start.length > 0);
    const { running } = await jobOf(other, 'job');
    expect(running?.by).toBe(id);
    expect(running?.since).toBe(Math.round(fleet.told.start[0]?.startedAt ?? 0));
    expect(running?.lockRestMs).toBeGreaterThan(0);
    expect(running?.lockRestMs).toBeLessThanOrEqual(60_000);
  });

  it('returns a run that outlived its lock', async () => {
    const fred = await join();
    const { work } = held();
    await fred.hire('job', { ttl: 50, work });
    await fred.demand('job');
    await waitFor('the lock to be lost', () => fleet.told.lost.length > 0);
    const running = await waitFor('the lock to be gone', async () => {
      const { running } = await jobOf(fred, 'job');
      return running?.lockRestMs === 0 ? running : null;
    });
    expect(running.since).toBe(Math.round(fleet.told.start[0]?.startedAt ?? 0));
  });

  it.each([
    ['an instance of the original', 'f00dfeedf00dfeedf00dfeedf00dfeedf00dfeed', 'f00dfeedf00dfeed'],
    ['somebody else', 'theirs', 'theirs'],
  ])('shows the lock of %s', async (_, token, by) => {
    const fred = await join();
    await fred.hire('job', EVERY);
    await fleet.redis.set(`${fleet.prefix}:lock:job`, token, 'PX', 60_000);
    const { running } = await jobOf(fred, 'job');
    expect(running).toMatchObject({ by, since: null });
    expect(running?.lockRestMs).toBeGreaterThan(0);
    await fleet.redis.persist(`${fleet.prefix}:lock:job`);
    expect((await jobOf(fred, 'job')).running?.lockRestMs).toBe(Number.POSITIVE_INFINITY);
    await fleet.redis.del(`${fleet.prefix}:lock:job`);
    expect((await jobOf(fred, 'job')).running).toBeNull();
  });

  it('shows a job as fired until it is hired again', async () => {
    const fred = await join();
    await fred.hire('job', EVERY);
    await fred.fire('job');
    expect(await jobOf(fred, 'job')).toMatchObject({
      fired: true,
      nextSlot: null,
      plan: 'every 3600000',
      words: 'every 1 hour',
      orphaned: false,
    });
    await fred.hire('job', EVERY);
    expect(await jobOf(fred, 'job')).toMatchObject({ fired: false, nextSlot: expect.any(Number) });
  });

  it('calls a plan orphaned when no instance is left that hires the job with a plan', async () => {
    const [fred, other] = [await join(), await join()];
    await fred.hire('job', EVERY);
    await other.hire('job', { work });
    expect(await jobOf(other, 'job')).toMatchObject({ orphaned: false });
    await fred.quit();
    const orphan = await jobOf(other, 'job');
    expect(orphan).toMatchObject({ orphaned: true, plan: 'every 3600000' });
    expect(orphan.hiredBy).toHaveLength(1);
    await other.hire('job', EVERY);
    expect(await jobOf(other, 'job')).toMatchObject({ orphaned: false });
  });

  it('returns since when a demand has waited, for an instance that hires the job or for the end of a run', async () => {
    const fred = await join();
    await fred.demand('job');
    const { demandedSince } = await jobOf(fred, 'job');
    expect(Math.abs((demandedSince ?? 0) - (await redisNow()))).toBeLessThan(PATIENCE);
    const run = held();
    await fred.hire('job', { ttl: 60_000, work: run.work });
    await waitFor('the run', () => fleet.told.start.length > 0);
    expect(await jobOf(fred, 'job')).toMatchObject({ demandedSince: null });
    expect(fleet.told.start[0]?.demandedAt).toBe(demandedSince);
    await fred.demand('job');
    expect((await jobOf(fred, 'job')).demandedSince).toBeGreaterThan(demandedSince ?? Number.NaN);
    run.end();
    await waitFor('the second run', () => fleet.told.finish.length === 2);
    expect(await jobOf(fred, 'job')).toMatchObject({ demandedSince: null });
  });

  it('counts the slots that were skipped', async () => {
    const fred = await join();
    const run = held();
    await fred.hire('job', { every: 50, ttl: 60_000, work: run.work });
    // Slots that passed during a stall are reported as missed; the one after them is claimed, and counted.
    const locked = () => fleet.told.skip.filter(({ why }) => why === 'locked');
    await waitFor('three skips', () => locked().length >= 3);
    await fred.fire('job');
    await caughtUp(fred);
    const { skips } = await jobOf(fred, 'job');
    expect(skips).toBe(locked().length);
    expect(skips).toBeGreaterThanOrEqual(3);
  });
});

describe('fleet()', () => {
  it('returns the running instances, with what they are, have hired, and are running', async () => {
    const fred = await join();
    const id = await idOf(fred);
    const before = await redisNow();
    const other = await join();
    const { work: holding } = held();
    await fred.hire('b', EVERY);
    await fred.hire('a', { ttl: 60_000, work: holding });
    await fred.demand('a');
    await waitFor('the run', () => fleet.told.start.length > 0);
    const instances = await other.fleet();
    const process_ = { host: hostname(), pid: process.pid, version, application: `bossman@${version}` };
    const [start] = fleet.told.start;
    const running = {
      job: 'a',
      since: Math.round(start?.startedAt ?? 0),
      slot: null,
      demandedAt: start?.demandedAt,
      lockEndsAt: expect.any(Number),
    };
    const jobs = [
      { name: 'a', plan: null },
      { name: 'b', plan: 'every 3600000' },
    ];
    const since = expect.any(Number);
    const [mine, theirs] = [instances.find((one) => one.id === id), instances.find((one) => one.id !== id)];
    expect(instances).toHaveLength(2);
    expect(mine).toEqual({ id, ...process_, since, jobs, running: [running] });
    expect(theirs).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{16}$/),
      ...process_,
      since,
      jobs: [],
      running: [],
    });
    // An answer that comes late leaves the clock's estimate as vague as it was late.
    expect(Math.abs((theirs?.since ?? 0) - before)).toBeLessThan(PATIENCE);
    expect(Math.abs((mine?.since ?? 0) - before)).toBeLessThan(PATIENCE);
  });

  it('asks many instances at once', async () => {
    const members = await Promise.all(Array.from({ length: 16 }, () => fleet.join()));
    await waitFor('all to listen', async () => (await fleet.listeners()) === members.length);
    const ids = await waitFor('all to answer four of them', async () => {
      const rolls = await Promise.all(members.slice(0, 4).map((member) => member.fleet()));
      return rolls.every(({ length }) => length === 16) && rolls.flat().map(({ id }) => id);
    });
    expect(new Set(ids || []).size).toBe(16);
  });

  it('does not return an instance that has quit', async () => {
    const [fred, other] = [await join(), await join()];
    expect(await fred.fleet()).toHaveLength(2);
    await other.quit();
    expect(await fred.fleet()).toHaveLength(1);
  });

  it('leaves nothing behind', async () => {
    const fred = await join();
    await fred.fleet();
    expect(await fleet.redis.keys(`${fleet.prefix}*`)).toEqual([]);
  });
});

describe('history()', () => {
  it('returns the last runs, newest first', async () => {
    const fred = await join();
    await fred.hire('job', { work });
    for (let run = 0; run < 4; run += 1) await demandAndWait(fred, 'job');
    const demands = fleet.told.finish.map(({ demandedAt }) => demandedAt).reverse();
    const all = await waitFor('the last to be noted', async () => {
      const runs = await fred.history('job');
      return runs.length === 4 ? runs : null;
    });
    expect(all.map(({ demandedAt }) => demandedAt)).toEqual(demands);
    expect(await fred.history('job', { last: 2 })).toEqual(all.slice(0, 2));
    expect((await jobOf(fred, 'job')).lastRun).toEqual(all[0]);
    expect(await fred.history('another')).toEqual([]);
  });

  it('returns 20 runs by default, and keeps about as many as the option says', async () => {
    const fred = await join({ history: 25 });
    await fred.hire('job', { work });
    for (let run = 0; run < 250; run += 1) await demandAndWait(fred, 'job');
    expect(await fred.history('job')).toHaveLength(20);
    const kept = (await fred.history('job', { last: 1000 })).length;
    expect(kept).toBeGreaterThanOrEqual(25);
    // Redis drops whole blocks of entries.
    expect(kept).toBeLessThan(25 + 100);
    expect(await jobOf(fred, 'job')).toMatchObject({ runs: expect.closeTo(250, -1) });
  }, 180_000);

  it('is kept for the jobs that want it; counts and the last run are kept for all', async () => {
    const fred = await join({ history: 0 });
    await fred.hire('without', { work });
    await fred.hire('with', { history: 10, work });
    for (const name of ['without', 'with']) await demandAndWait(fred, name);
    await waitFor('both to be noted', async () => (await fred.jobs()).every(({ runs }) => runs === 1));
    expect(await fred.history('with')).toHaveLength(1);
    expect(await fred.history('without')).toEqual([]);
    expect(await fleet.redis.exists(`${fleet.prefix}:history:without`)).toBe(0);
    expect((await jobOf(fred, 'without')).lastRun?.outcome).toBe('done');
  });

  it('has a run that outlived its lock, next to the one that began meanwhile', async () => {
    const fred = await join();
    const first = held();
    const works = [first.work, work];
    await fred.hire('job', { ttl: 50, work: () => works.shift()?.() });
    await fred.demand('job');
    await waitFor('the lock to be lost', () => fleet.told.lost.length > 0);
    await fred.demand('job');
    await waitFor('the second run', () => fleet.told.finish.length === 1);
    first.end();
    await waitFor('both to be noted', async () => (await jobOf(fred, 'job')).runs === 2);
    const [newest, oldest] = await fred.history('job');
    expect(newest?.startedAt).toBeLessThan(oldest?.startedAt ?? 0);
    expect((await jobOf(fred, 'job')).lastRun).toEqual(oldest);
  });
});

describe('what is kept for inspection', () => {
  it.each<[string, { every?: number }]>([
    ['planned', { every: 50 }],
    ['demanded', {}],
  ])('is deleted when the job, which was %s, has not been used for 30 days', async (_, plan) => {
    const fred = await join();
    await fred.hire('old', { ...plan, work });
    if (!plan.every) await fred.demand('old');
    await waitFor('a run to be noted', async () => (await jobOf(fred, 'old')).runs > 0);
    await fred.quit();
    const past = (await redisNow()) - 31 * 86_400_000;
    if (plan.every) await fleet.redis.zadd(`${fleet.prefix}:due`, past, 'old');
    else await fleet.redis.hset(`${fleet.prefix}:demands`, 'old', `idle|${past}||0|`);
    const next = await join();
    await next.hire('new', { every: 50, work });
    // Nothing is cleared away in the first minutes of an instance.
    clockLead.ms = 11 * 60_000;
    const names = async () => (await next.jobs()).map(({ name }) => name);
    await waitFor('the old to be gone', async () => !(await names()).includes('old'));
    clockLead.ms = 0;
    expect(await next.history('old')).toEqual([]);
    for (const key of ['counts', 'runs']) {
      expect(await fleet.redis.hget(`${fleet.prefix}:${key}`, 'old')).toBeNull();
    }
  });
});

describe('an instance that has quit', () => {
  it('rejects, with a reason', async () => {
    fleet.allowErrors(/^QUIT: (jobs|fleet|history of 'job') failed: this instance has quit/);
    const fred = await join();
    await fred.quit();
    for (const asked of [fred.jobs(), fred.fleet(), fred.history('job')]) {
      await expect(asked).rejects.toMatchObject({ code: 'QUIT' });
    }
  });

  it('has answered earlier calls', async () => {
    const fred = await join();
    await fred.hire('job', EVERY);
    const asked = Promise.all([fred.jobs(), fred.fleet(), fred.history('job')]);
    await fred.quit();
    expect((await asked)[0].map(({ name }) => name)).toEqual(['job']);
  });
});

describe('an inspector', () => {
  it('sees what an instance sees, and is not one itself', async () => {
    const fred = await join();
    await fred.hire('job', EVERY);
    const inspector = await observe();
    expect(await inspector.fleet()).toEqual(await fred.fleet());
    expect(await inspector.jobs()).toEqual(await fred.jobs());
    expect(await inspector.fleet()).toHaveLength(1);
  });

  it('demands a run and finds it when it has ended, whether a history is kept or not', async () => {
    const inspector = await observe();
    const fred = await join();
    const run = held();
    await fred.hire('kept', { work: run.work, ttl: 60_000 });
    await fred.hire('unkept', { history: 0, work });
    const demandedAt = await inspector.demand('kept');
    await waitFor('the run', () => fleet.told.start.length > 0);
    expect(await inspector.runOf('kept', demandedAt)).toBeNull();
    run.end();
    const found = await waitFor('it to end', () => inspector.runOf('kept', demandedAt));
    expect(found).toMatchObject({ demandedAt, outcome: 'done' });
    const again = await inspector.demand('unkept');
    await waitFor('it to end', () => inspector.runOf('unkept', again));
  });

  it('fires a job', async () => {
    const inspector = await observe();
    const fred = await join();
    await fred.hire('job', EVERY);
    await inspector.fire('job');
    expect(await jobOf(inspector, 'job')).toMatchObject({ fired: true });
  });

  it('forgets a job that no instance hires, with all its data, and nothing of another job', async () => {
    const inspector = await observe();
    const fred = await join();
    for (const name of ['job', 'other']) {
      await fred.hire(name, EVERY);
      await demandAndWait(fred, name);
    }
    await waitFor('both to be noted', async () => (await fred.jobs()).every(({ runs }) => runs === 1));
    await fred.quit();
    await inspector.demand('job');
    expect(await inspector.forget('job')).toMatchObject({ deleted: true, demandedAt: expect.any(Number) });
    expect(await inspector.forget('job')).toEqual({ deleted: false, demandedAt: null });
    expect((await inspector.jobs()).map(({ name, runs }) => [name, runs])).toEqual([['other', 1]]);
    expect(await inspector.history('job')).toEqual([]);
    expect(await inspector.history('other')).toHaveLength(1);
    const left = await fleet.redis.keys(`${fleet.prefix}:*:job`);
    expect(left.filter((key) => !key.endsWith(':work:demand:job'))).toEqual([]);
  });

  it('reports why and where Redis cannot be reached, without the password', async () => {
    const asked = openInspector({ connection: 'redis://:secret@127.0.0.1:1/0' });
    await expect(asked).rejects.toMatchObject({ code: 'CONNECTION' });
    await expect(asked).rejects.toThrow(/^127\.0\.0\.1:1: .*connect ECONNREFUSED/);
  });
});

async function redisNow(): Promise<number> {
  const [seconds] = await fleet.redis.time();
  return Number(seconds) * 1000;
}

describe('the error of a failed run', () => {
  async function failing(history: Bossman.JobDefinition['history'], cause: unknown): Promise<Bossman> {
    fleet.allowErrors(/^WORK_FAILED/);
    const fred = await join({ history: 7 });
    await fred.hire('job', {
      history,
      work() {
        throw cause;
      },
    });
    await fred.demand('job');
    await waitFor('the failure to be noted', async () => (await jobOf(fred, 'job')).failures > 0);
    return fred;
  }

  it('is kept in the history with its stack and causes, and in jobs() with the start of its message', async () => {
    const fred = await failing(undefined, new Error('x'.repeat(900), { cause: new TypeError('why') }));
    expect(await fred.history('job')).toMatchObject([
      {
        error: 'x'.repeat(900),
        details: {
          name: 'Error',
          stack: expect.stringMatching(/^ +at /),
          cause: { name: 'TypeError', message: 'why', cause: null },
        },
      },
    ]);
    expect((await jobOf(fred, 'job')).lastRun).toMatchObject({ error: 'x'.repeat(200), details: null });
    expect(Number(await fleet.redis.hstrlen(`${fleet.prefix}:runs`, 'job'))).toBeLessThan(600);
  });

  it('is kept as its message only with `history: { errors: false }`, which does not change the number of runs', async () => {
    const fred = await failing({ errors: false }, new Error('no luck', { cause: new Error('secret') }));
    expect(await fred.history('job')).toMatchObject([{ error: 'no luck', details: null }]);
    const [[, fields = []] = []] = await fleet.redis.xrange(`${fleet.prefix}:history:job`, '-', '+');
    expect(fields).toEqual(['run', expect.not.stringContaining('secret')]);
  });

  it('is not kept with `history: { runs: 0 }`', async () => {
    const fred = await failing({ runs: 0 }, new Error('no luck'));
    expect(await fred.history('job')).toEqual([]);
    expect((await jobOf(fred, 'job')).lastRun).toMatchObject({ error: 'no luck' });
  });
});
