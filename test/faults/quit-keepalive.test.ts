import { makeFaultyFleet } from '../support/faults';
import { held, msOf } from '../support/held';
import { waitFor } from '../support/wait';

// Apart from the others, as one of them takes half a minute.

const fleet = makeFaultyFleet();
const never = () => new Promise(() => {});
const demandRuns = () => fleet.told.start.filter(({ demandedAt }) => demandedAt !== null);

describe('a quit with keepAlive', () => {
  it('waits for several times the ttl while it renews the lock, so that a demand waits for the end', async () => {
    const { work, letGo } = held();
    const [fred, other] = [fleet.join(), fleet.join()];
    await fred.hire('job', { ttl: 1000, keepAlive: true, work });
    await fred.demand('job');
    await waitFor('the run', () => demandRuns().length === 1);
    await other.hire('job', { ttl: 1000, work: () => {} });
    const token = await fleet.redis.get(`${fleet.prefix}:lock:job`);
    const quitting = fred.quit();
    await other.demand('job');
    const began = performance.now();
    await waitFor('several times the ttl to pass', () => performance.now() - began > 4000);
    expect(await fleet.redis.get(`${fleet.prefix}:lock:job`)).toBe(token);
    expect(demandRuns()).toHaveLength(1);
    letGo();
    await quitting;
    expect(fleet.toldBy(fred).finish).toHaveLength(1);
    expect(fleet.told.lost).toEqual([]);
    await waitFor('the demand', () => fleet.toldBy(other).finish.length === 1);
  });

  it('waits 30 s for work that never settles, whatever its ttl', async () => {
    fleet.allowErrors(/^QUIT: quit gave up on runs/);
    const fred = fleet.join({ ttl: 1000, keepAlive: true });
    await fred.hire('job', { work: never });
    await fred.demand('job');
    await waitFor('the run', () => demandRuns().length === 1);
    const took = await msOf(fred.quit());
    expect(took).toBeGreaterThan(29_900);
    expect(took).toBeLessThan(40_000);
    expect(fleet.told.lost).toMatchObject([{ job: 'job', why: 'quit' }]);
  });
});
