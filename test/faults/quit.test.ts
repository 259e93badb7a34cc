import { makeFaultyFleet } from '../support/faults';
import { FLAWLESS, flawsOf } from '../support/flaws';
import { waitFor } from '../support/wait';

const fleet = makeFaultyFleet();
const never = () => new Promise(() => {});

const demandRuns = () => fleet.told.start.filter(({ demandedAt }) => demandedAt !== null);
const lockRest = (name: string) => fleet.redis.pttl(`${fleet.prefix}:lock:${name}`);

/** Work that goes on until it is let go. */
function held() {
  let letGo = () => {};
  const work = () =>
    new Promise<void>((resolve) => {
      letGo = resolve;
    });
  return { work, letGo: () => letGo() };
}

async function msOf(promise: Promise<unknown>): Promise<number> {
  const began = performance.now();
  await promise;
  return performance.now() - began;
}

describe('work that never settles', () => {
  it('is told when its ttl is over; slots until then are skipped, and the next ones run', async () => {
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

  it.each([false, true])('holds up a quit no longer than its lock, with keepAlive %p', async (keepAlive) => {
    const fred = fleet.join({ ttl: 2000, keepAlive });
    await fred.hire('job', { work: never });
    await fred.demand('job');
    await waitFor('the run', () => demandRuns().length === 1);
    const took = await msOf(fred.quit());
    expect(took).toBeGreaterThan(1900);
    expect(took).toBeLessThan(8000);
    await waitFor('the lock to end', async () => (await lockRest('job')) === -2);
  });

  it('keeps no demand for itself: it is run when the lock has ended', async () => {
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

  it('waits no longer than its timeout, and leaves the lock to end by itself', async () => {
    const { work, letGo } = held();
    const fred = fleet.join();
    await fred.hire('job', { ttl: 60_000, work });
    await fred.demand('job');
    await waitFor('the run', () => demandRuns().length === 1);
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

  it('leaves a demand that is made meanwhile to who comes when it is gone', async () => {
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

it('a quit leaves nothing in Redis but the plan, and what is remembered of demands and of runs', async () => {
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

it('a quit of who went first at every slot costs no slot and doubles none', async () => {
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
