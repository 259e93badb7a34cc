import { makeFleet } from '../support/fleet';
import { heldRuns } from '../support/held';
import { delay, waitFor } from '../support/wait';

const fleet = makeFleet();

describe('a demand', () => {
  it('is run once, by any one of the instances that hired the job', async () => {
    let runs = 0;
    const count = () => {
      runs += 1;
    };
    for (const fred of [fleet.join(), fleet.join(), fleet.join()]) {
      await fred.hire('job', { work: () => count() });
    }
    const outside = fleet.join();
    await waitFor('the bell', async () => (await fleet.listeners()) === 4);
    for (let round = 1; round <= 20; round += 1) {
      await outside.demand('job');
      await waitFor('the run', () => fleet.told.finish.length >= round);
    }
    await delay(50);
    expect(runs).toBe(20);
  });

  it('made while no instance is running is run by the first that starts', async () => {
    const outside = fleet.join();
    await outside.demand('job');
    await outside.demand('job');
    await outside.quit();
    await fleet.join().hire('job', { work: () => {} });
    await waitFor('the run', () => fleet.told.finish.length > 0);
    await delay(50);
    expect(fleet.told.finish).toHaveLength(1);
  });

  it('made during a run leads to one more run when it ends, however many demands were made', async () => {
    const { work, letGo, contexts } = heldRuns();
    const [fred, other] = [fleet.join(), fleet.join()];
    await fred.hire('job', { ttl: 60_000, work });
    await fred.demand('job');
    await waitFor('the run', () => contexts.length === 1);
    await Promise.all([other.demand('job'), fred.demand('job'), other.demand('job')]);
    await delay(50);
    expect(contexts).toHaveLength(1);
    letGo('once');
    await waitFor('the second run', () => contexts.length === 2);
    letGo();
    await waitFor('its end', () => fleet.told.finish.length === 2);
    await delay(50);
    expect(contexts).toHaveLength(2);
  });

  it('made many times in one turn of the event loop leads to one run', async () => {
    let runs = 0;
    const count = () => {
      runs += 1;
    };
    const fred = fleet.join();
    await fred.hire('job', { work: () => count() });
    await Promise.all(Array.from({ length: 100 }, () => fred.demand('job')));
    await waitFor('the run', () => fleet.told.finish.length > 0);
    await delay(50);
    expect(runs).toBe(1);
  });

  it.each(['its own instance', 'another instance'])(
    'made by work, before or after it first awaits, leads to one more run, if the run was demanded by %s',
    async (by) => {
      let runs = 0;
      const [fred, other] = [fleet.join(), fleet.join()];
      const work = async () => {
        runs += 1;
        if (runs === 1) void fred.demand('job');
        await null;
        if (runs === 2) void fred.demand('job');
      };
      await fred.hire('job', { work });
      await (by === 'another instance' ? other : fred).demand('job');
      await waitFor('the runs', () => fleet.told.finish.length === 3);
      await delay(50);
      expect(runs).toBe(3);
    },
  );

  it('does not change the plan', async () => {
    const fred = fleet.join();
    await fred.hire('job', { every: 60_000, work: () => {} });
    const slot = await fleet.redis.zscore(`${fleet.prefix}:due`, 'job');
    await fred.demand('job');
    await waitFor('the run', () => fleet.told.finish.length > 0);
    expect(await fleet.redis.zscore(`${fleet.prefix}:due`, 'job')).toBe(slot);
  });

  it('is run by another instance if the one that took it died before the run began', async () => {
    // What a killed instance leaves: its take, and a lock that expires.
    const token = 'f'.repeat(32);
    const bells = await fleet.hearBells();
    await fleet.redis.hset(`${fleet.prefix}:demands`, 'job', `taken|${Date.now()}|${token}|0|`);
    const [seconds, micros] = await fleet.redis.time();
    await fleet.redis.set(`${fleet.prefix}:lock:job`, token, 'PX', 1500);
    await fleet.join().hire('job', { work: () => {} });
    await waitFor('the run', () => fleet.told.finish.length > 0);
    await waitFor('it to be heard', () => bells.of('taken').length > 0);
    const lockEnds = Number(seconds) * 1000 + Math.floor(Number(micros) / 1000) + 1500;
    expect(bells.of('taken')[0]?.at).toBeGreaterThanOrEqual(lockEnds);
  });
});
