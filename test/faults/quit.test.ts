import type Bossman from '../../src';
import { makeFaultyFleet } from '../support/faults';
import { FLAWLESS, flawsOf } from '../support/flaws';
import { held, msOf } from '../support/held';
import { delay, waitFor } from '../support/wait';

const fleet = makeFaultyFleet();
const never = () => new Promise(() => {});

const GAVE_UP = /^QUIT: quit gave up on runs/;

const demandRuns = () => fleet.told.start.filter(({ demandedAt }) => demandedAt !== null);
const lockRest = (name: string) => fleet.redis.pttl(`${fleet.prefix}:lock:${name}`);

describe('work that never settles', () => {
  it('is reported when its ttl ends; slots until then are skipped, and the next ones run', async () => {
    fleet.allowErrors(GAVE_UP);
    const bells = await fleet.hearBells();
    const fred = fleet.join();
    await fred.hire('job', { every: 200, ttl: 700, work: never });
    await waitFor('three runs', () => fleet.slotsOf('job').length >= 3);
    const [first = 0] = fleet.slotsOf('job');
    const runs = () => bells.of('claim').filter(({ verdict }) => verdict === 'run');
    await waitFor('both to be heard', () => runs().length >= 2);
    const [one, another] = runs();
    expect((another?.at ?? 0) - (one?.at ?? 0)).toBeGreaterThanOrEqual(698);
    expect(fleet.told.lost[0]).toEqual({ job: 'job', slot: first, demandedAt: null, why: 'expired' });
    expect(fleet.told.lost.filter(({ slot }) => slot === first)).toHaveLength(1);
    expect(flawsOf(fleet.told, 'job', 200)).toEqual(FLAWLESS);
    expect(fleet.told.finish).toEqual([]);
  });

  it('delays a quit no longer than its lock lasts', async () => {
    fleet.allowErrors(GAVE_UP);
    const fred = fleet.join({ ttl: 2000 });
    await fred.hire('job', { work: never });
    await fred.demand('job');
    await waitFor('the run', () => demandRuns().length === 1);
    const took = await msOf(fred.quit());
    expect(took).toBeGreaterThan(1900);
    expect(took).toBeLessThan(8000);
    // On a slow machine, the lock expires before quit gives up.
    const reasons = fleet.told.lost.map(({ why }) => why);
    expect(reasons.filter((why) => why !== 'expired')).toEqual(['quit']);
    await waitFor('the lock to end', async () => (await lockRest('job')) === -2);
  });

  it('does not keep a demand: it runs when the lock has expired', async () => {
    fleet.allowErrors(GAVE_UP);
    const bells = await fleet.hearBells();
    const fred = fleet.join();
    await fred.hire('job', { ttl: 1500, work: never });
    await fred.demand('job');
    await waitFor('the run', () => demandRuns().length === 1);
    const other = fleet.join();
    await other.demand('job');
    await waitFor('the run of the demand', () => demandRuns().length === 2);
    await waitFor('both to be heard', () => bells.of('taken').length >= 2);
    const [one, another] = bells.of('taken');
    expect((another?.at ?? 0) - (one?.at ?? 0)).toBeGreaterThanOrEqual(1498);
    const { demandedAt } = demandRuns()[0] ?? {};
    const lost = () => fleet.told.lost.filter((event) => event.demandedAt === demandedAt);
    await waitFor('the loss of the first lock', () => lost().length > 0);
    expect(lost()).toMatchObject([{ job: 'job', slot: null, why: expect.any(String) }]);
  });
});

describe('a quit during a run', () => {
  it('waits for its end, and releases the lock', async () => {
    const { work, letGo } = held();
    const fred = fleet.join();
    await fred.hire('job', { ttl: 10_000, work });
    await fred.demand('job');
    await waitFor('the run', () => demandRuns().length === 1);
    let hasQuit = false;
    const quitting = fred.quit().then(() => {
      hasQuit = true;
    });
    expect(await lockRest('job')).toBeGreaterThan(5000);
    expect(hasQuit).toBe(false);
    letGo();
    await quitting;
    expect(fleet.told.finish).toHaveLength(1);
    expect(await lockRest('job')).toBe(-2);
  });

  it('waits no longer than its timeout, and leaves the lock to expire', async () => {
    const { work, letGo } = held();
    const fred = fleet.join();
    await fred.hire('job', { ttl: 60_000, work });
    await fred.demand('job');
    await waitFor('the run', () => demandRuns().length === 1);
    fleet.allowErrors(GAVE_UP);
    const took = await msOf(fred.quit({ timeout: 300 }));
    expect(took).toBeGreaterThanOrEqual(290);
    expect(took).toBeLessThan(10_000);
    expect(await lockRest('job')).toBeGreaterThan(5000);
    letGo();
  });

  it('takes no demand that is made meanwhile: another instance runs it when the run has ended', async () => {
    const { work, letGo } = held();
    const [fred, other, outside] = [fleet.join(), fleet.join(), fleet.join()];
    await fred.hire('job', { ttl: 60_000, work });
    await fred.demand('job');
    await waitFor('the run', () => demandRuns().length === 1);
    await other.hire('job', { ttl: 60_000, work: () => {} });
    await fleet.heardBy(3);
    const quitting = fred.quit();
    await outside.demand('job');
    letGo();
    await quitting;
    await waitFor('the demand', () => fleet.toldBy(other).finish.length === 1);
    expect(fleet.toldBy(fred).start).toHaveLength(1);
    expect(demandRuns()).toHaveLength(2);
  });

  it('leaves a demand that is made meanwhile to the next instance that starts', async () => {
    const { work, letGo } = held();
    const [fred, outside] = [fleet.join(), fleet.join()];
    await fred.hire('job', { ttl: 60_000, work });
    await fred.demand('job');
    await waitFor('the run', () => demandRuns().length === 1);
    const quitting = fred.quit();
    await outside.demand('job');
    letGo();
    await quitting;
    expect(demandRuns()).toHaveLength(1);
    const late = fleet.join();
    await late.hire('job', { work: () => {} });
    await waitFor('the demand', () => fleet.toldBy(late).finish.length === 1);
  });
});

describe('a quit that stops waiting for a run', () => {
  /** A run that was begun by a demand, and does what its work does. */
  async function beginRun(options: Bossman.RunOptions, work: (context: Bossman.RunContext) => unknown) {
    fleet.allowErrors(GAVE_UP);
    const contexts: Bossman.RunContext[] = [];
    const fred = fleet.join();
    const begun = (context: Bossman.RunContext) => {
      contexts.push(context);
      return work(context);
    };
    await fred.hire('job', { ttl: 60_000, ...options, work: begun });
    await fred.demand('job');
    await waitFor('the run', () => contexts.length === 1);
    return { fred, signal: contexts[0]?.signal };
  }

  const looker = () => fleet.join();
  const lastRun = async () => (await looker().jobs()).find(({ name }) => name === 'job');

  it('aborts its signal at once, records it as abandoned if its work continues, and leaves its lock', async () => {
    const { fred, signal } = await beginRun({}, never);
    const quitting = fred.quit({ timeout: 100 });
    await waitFor('the signal to abort', () => signal?.aborted);
    expect(signal?.reason).toMatchObject({ name: 'BossmanError', code: 'QUIT', job: 'job' });
    await quitting;
    const { demandedAt } = fleet.told.start[0] ?? {};
    expect(fleet.told.lost).toEqual([{ job: 'job', slot: null, demandedAt, why: 'quit' }]);
    expect(fleet.told.error).toEqual([expect.stringMatching(/QUIT: quit gave up on .*: 'job'$/)]);
    expect(await lockRest('job')).toBeGreaterThan(5000);
    expect(await lastRun()).toMatchObject({
      runs: 1,
      failures: 1,
      lastRun: { outcome: 'abandoned', demandedAt },
    });
    expect(await looker().history('job')).toMatchObject([{ outcome: 'abandoned', error: null, demandedAt }]);
  });

  it('records one that stops for the signal as abandoned, with its error, and releases the lock', async () => {
    const stops = ({ signal }: Bossman.RunContext) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const { fred } = await beginRun({}, stops);
    const took = await msOf(fred.quit({ timeout: 100 }));
    expect(took).toBeLessThan(5000);
    expect(await lockRest('job')).toBe(-2);
    expect(fleet.told.lost).toMatchObject([{ why: 'quit' }]);
    expect(fleet.told.fail).toHaveLength(1);
    expect(fleet.told.error).toHaveLength(1);
    const [run] = await looker().history('job');
    expect(run).toMatchObject({ outcome: 'abandoned', error: expect.stringContaining('is quitting') });
  });

  it('records one that succeeds within the grace period as done', async () => {
    const ends = ({ signal }: Bossman.RunContext) =>
      new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    const { fred } = await beginRun({}, ends);
    await fred.quit({ timeout: 0 });
    expect(await lockRest('job')).toBe(-2);
    expect(fleet.told.lost).toEqual([]);
    expect(await lastRun()).toMatchObject({ failures: 0, lastRun: { outcome: 'done' } });
  });

  it.each([
    ['stops for the signal: at once', true, 60_000],
    ['does not stop: when its lock ends, not before', false, 3000],
  ])('lets another instance run a slot with recover once more, if its work %s', async (_, stops, ttl) => {
    fleet.allowErrors(GAVE_UP);
    const plan = { every: 400, ttl, recover: true };
    const runs: { by: string; slot: number | null; recovered: boolean; at: number }[] = [];
    const workOf = (by: string, stuck: boolean) => (context: Bossman.RunContext) => {
      runs.push({ by, slot: context.slot, recovered: context.recovered, at: performance.now() });
      if (!stuck) return undefined;
      const { signal } = context;
      return new Promise((_, reject) => {
        if (stops) signal.addEventListener('abort', () => reject(signal.reason));
      });
    };
    const leaves = fleet.join();
    await leaves.hire('job', { ...plan, work: workOf('leaves', true) });
    await waitFor('the run', () => runs.length === 1);
    const stays = fleet.join();
    await stays.hire('job', { ...plan, work: workOf('stays', false) });
    await fleet.heardBy(2);
    await leaves.quit({ timeout: 100 });
    await waitFor('the slot to be run again', () => runs.some(({ recovered }) => recovered), {
      timeoutMs: 15_000,
    });
    const [first, again] = [runs[0], runs.find(({ recovered }) => recovered)];
    expect(again).toMatchObject({ by: 'stays', slot: first?.slot });
    if (!stops) expect((again?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(ttl - 100);
  });

  it('reports work that ends later, and changes nothing in Redis', async () => {
    const { work, letGo } = held();
    const { fred } = await beginRun({}, work);
    await fred.quit({ timeout: 0 });
    letGo();
    await waitFor('the end', () => fleet.told.finish.length === 1);
    expect(await lastRun()).toMatchObject({ runs: 1, failures: 1, lastRun: { outcome: 'abandoned' } });
  });

  it('settles while Redis is frozen', async () => {
    const { fred, signal } = await beginRun({}, never);
    fleet.server.freeze();
    const took = await msOf(fred.quit({ timeout: 100 }));
    expect(signal?.aborted).toBe(true);
    expect(took).toBeLessThan(8000);
    fleet.server.thaw();
  });

  it('does not begin a slot whose claim is answered after it has given up', async () => {
    const { fred, signal } = await beginRun({}, never);
    await fred.hire('tick', { every: 300, ttl: 5000, work: never });
    const next = await fleet.redis.zscore(`${fleet.prefix}:due`, 'tick');
    fleet.server.freeze();
    await waitFor('the claim to be on its way', () => Date.now() > Number(next) + 100);
    const quitting = fred.quit({ timeout: 50 });
    await waitFor('the run to be given up', () => signal?.aborted);
    // Behind the grace of the run, when quit waits for what is on its way.
    await delay(700);
    fleet.server.thaw();
    await quitting;
    expect(fleet.told.start.filter(({ job }) => job === 'tick')).toEqual([]);
  });
});

describe('a quit that is called in a run', () => {
  it.each([
    ['its own run', 1],
    ['two runs that wait for it', 2],
  ])('does not wait for %s, which succeed', async (_, runs) => {
    const fred = fleet.join({ keepAlive: true });
    const hasQuit: string[] = [];
    const work = async ({ job }: Bossman.RunContext) => {
      await waitFor('all to run', () => demandRuns().length === runs);
      await fred.quit({ timeout: Number.POSITIVE_INFINITY });
      hasQuit.push(job);
    };
    const names = Array.from({ length: runs }, (_, n) => `job ${n}`);
    await Promise.all(names.map((name) => fred.hire(name, { work })));
    await Promise.all(names.map((name) => fred.demand(name)));
    await waitFor('the runs to go on', () => hasQuit.length === runs);
    await fred.quit();
    expect(fleet.told.finish).toHaveLength(runs);
    expect(fleet.told.lost).toEqual([]);
    const jobs = await fleet.join().jobs();
    expect(jobs.map(({ lastRun }) => lastRun?.outcome)).toEqual(names.map(() => 'done'));
  });

  it('waits for the other runs', async () => {
    const { work, letGo } = held();
    const fred = fleet.join({ ttl: 60_000 });
    let hasQuit = false;
    const quits = async () => {
      await fred.quit();
      hasQuit = true;
    };
    await fred.hire('long', { work });
    await fred.hire('quits', { work: quits });
    await fred.demand('long');
    await fred.demand('quits');
    await waitFor('both to run', () => demandRuns().length === 2);
    await delay(300);
    expect(hasQuit).toBe(false);
    letGo();
    await fred.quit();
    expect(hasQuit).toBe(true);
    expect(fleet.told.finish).toHaveLength(2);
  });
});

describe('a quit without a run', () => {
  const LONG = { ttl: 600_000, keepAlive: true };

  it.each([
    [
      'a hire is on its way',
      (fred: Bossman) => void fred.hire('job', { every: 100, work: () => {} }).catch(() => {}),
    ],
    ['nothing is on its way', () => {}],
  ])('takes no longer than 2 s while Redis is frozen and %s, whatever the ttl', async (_, asks) => {
    fleet.allowErrors(/^QUIT/);
    const fred = fleet.join(LONG);
    await fred.hire('other', { work: () => {} });
    fleet.server.freeze();
    asks(fred);
    const took = await msOf(fred.quit({ timeout: Number.POSITIVE_INFINITY }));
    expect(took).toBeLessThan(5000);
    fleet.server.thaw();
  });

  it('takes no longer than 2 s while Redis is gone', async () => {
    fleet.allowErrors(/^(QUIT|CONNECTION)/);
    const fred = fleet.join(LONG);
    await fred.hire('job', { every: 100, work: () => {} });
    await fleet.server.kill();
    const asked = fred.demand('job').catch(() => {});
    const took = await msOf(fred.quit());
    expect(took).toBeLessThan(5000);
    await asked;
    await fleet.server.start();
  });
});

it('a quit leaves only the plan and the records of demands and runs in Redis', async () => {
  const [fred, other] = [fleet.join({ recover: true }), fleet.join({ recover: true })];
  for (const instance of [fred, other]) await instance.hire('tick', { every: 100, work: () => {} });
  await fred.hire('wanted', { work: () => {} });
  await fleet.heardBy(2);
  await other.demand('wanted');
  await waitFor('the demand', () => fleet.told.finish.some(({ job }) => job === 'wanted'));
  await fleet.ticks('tick', 3);
  await fred.fire('tick');
  await Promise.all([fred.quit(), other.quit()]);
  const keys = (await fleet.redis.keys('*')).sort();
  const kept = ['counts', 'demands', 'due', 'history:tick', 'history:wanted', 'plans', 'runs'];
  expect(keys).toEqual(kept.map((key) => `${fleet.prefix}:${key}`));
});

it('a quit of the instance that went first at every slot loses no slot and doubles none', async () => {
  const plan = { every: 100, work: () => {} };
  for (let round = 0; round < 6; round += 1) {
    const stays = fleet.join();
    const leaves = fleet.join();
    for (const fred of [leaves, stays]) await fred.hire('tick', plan);
    await fleet.ticks('tick', 3);
    await leaves.quit();
    await fleet.ticks('tick', 2);
  }
  expect(flawsOf(fleet.told, 'tick', 100)).toEqual(FLAWLESS);
});

it('an instance quits at the end of an `await using` block', async () => {
  fleet.allowErrors(/^QUIT: hire of 'job' failed/);
  const fred = fleet.join();
  await fred.hire('job', { every: 100, work() {} });
  await fred[Symbol.asyncDispose]();
  await expect(fred.hire('job', { work() {} })).rejects.toThrow(/this instance has quit/);
});
