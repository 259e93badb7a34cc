import { FLAWLESS, flawsOf, makeFaultyFleet } from '../support/faults';
import { delay, waitFor } from '../support/wait';

const fleet = makeFaultyFleet();
const work = () => {};

const demandRuns = (job: string) =>
  fleet.told.start.filter((run) => run.job === job && run.demandedAt !== null).length;

const lockOf = (job: string) => fleet.redis.get(`${fleet.prefix}:lock:${job}`);

async function storedSlot(name: string): Promise<number> {
  return Number(await fleet.redis.zscore(`${fleet.prefix}:due`, name));
}

describe('a member that is killed in its run', () => {
  it('keeps its lock until the ttl is over: slots till then are skipped and told, the next one runs', async () => {
    const dies = await fleet.spawn({ jobs: { job: { every: 200, ttl: 3000 } }, workMs: 60_000 });
    await waitFor('its run', () => dies.told.start.length === 1);
    const stays = fleet.join();
    await stays.hire('job', { every: 200, ttl: 3000, work });
    await dies.kill();
    const lockEnds = (dies.told.start[0]?.startedAt ?? 0) + 3000;
    await waitFor('the next run', () => fleet.toldBy(stays).start.length > 0);
    const [next] = fleet.toldBy(stays).start;
    expect(next?.startedAt).toBeGreaterThanOrEqual(lockEnds - 50);
    expect(next?.startedAt).toBeLessThan(lockEnds + 1000);
    expect(fleet.told.skip.every(({ why }) => why === 'locked')).toBe(true);
    await fleet.ticks('job', 3);
    expect(flawsOf(fleet.told, 'job', 200)).toEqual(FLAWLESS);
  });

  it('that went first at every slot is replaced at the next one, in time', async () => {
    const plan = { every: 500 };
    const dies = await fleet.spawn({ jobs: { job: plan } });
    await waitFor('it to be idle after a run', () => dies.told.finish.length >= 2);
    const stays = fleet.join();
    await stays.hire('job', { ...plan, work });
    await fleet.heardBy(2);
    await waitFor('another run of it', () => dies.told.finish.length >= 3);
    await dies.kill();
    const before = fleet.toldBy(stays).start.length;
    await fleet.ticks('job', 3);
    for (const { lateness } of fleet.toldBy(stays).start.slice(before)) expect(lateness).toBeLessThan(400);
    expect(flawsOf(fleet.told, 'job', 500)).toEqual(FLAWLESS);
  });
});

describe('a member that is frozen past the ttl of its lock', () => {
  it('is told, and its signal aborts, when it goes on; its late release leaves the lock to who has it now', async () => {
    const frozen = await fleet.spawn({ jobs: { job: { ttl: 500, keepAlive: true } }, workMs: 1500 });
    const other = fleet.join();
    await fleet.heardBy(2);
    await other.demand('job');
    await waitFor('the run', () => frozen.told.start.length === 1);
    frozen.freeze();
    await waitFor('its lock to end', async () => (await lockOf('job')) === null);
    let end = () => {};
    const held = () =>
      new Promise<void>((resolve) => {
        end = resolve;
      });
    await other.hire('job', { ttl: 60_000, work: held });
    await other.demand('job');
    await waitFor('the run of another', () => fleet.toldBy(other).start.length === 1);
    const token = await lockOf('job');
    // By now its work is over but for its being told.
    await delay(1000);
    frozen.thaw();
    await waitFor('the end of the frozen run', () => frozen.told.finish.length === 1);
    expect(frozen.aborted).toEqual(['LOCK_LOST']);
    expect(frozen.told.lost).toMatchObject([
      { job: 'job', slot: null, why: expect.stringMatching(/renewal|taken/) },
    ]);
    expect(await frozen.quit()).toMatchObject({ code: 0 });
    expect(token).not.toBeNull();
    expect(await lockOf('job')).toBe(token);
    expect(fleet.toldBy(other).lost).toEqual([]);
    end();
    await waitFor('its release', async () => (await lockOf('job')) === null);
  });

  it('does not run again what was demanded, and run by another, meanwhile', async () => {
    const frozen = await fleet.spawn({ jobs: { job: { ttl: 300 }, echo: {} } });
    const [runs, demands] = [fleet.join(), fleet.join()];
    await runs.hire('job', { ttl: 300, work });
    await fleet.heardBy(3);
    for (let round = 1; round <= 3; round += 1) {
      frozen.freeze();
      await demands.demand('job');
      await waitFor('the run', () => fleet.toldBy(runs).finish.length === round, { timeoutMs: 5000 });
      await delay(500);
      frozen.thaw();
      // What it heard before, it has acted upon when it does this.
      await demands.demand('echo');
      await waitFor('it to be back', () => demandRuns('echo') === round);
      expect(demandRuns('job')).toBe(round);
    }
    expect(frozen.told.start.filter(({ job }) => job === 'job')).toEqual([]);
  });

  it('does not run again the slots that others ran meanwhile', async () => {
    const plan = { every: 200, ttl: 300 };
    const frozen = await fleet.spawn({ jobs: { tick: plan } });
    // Alone, so that it goes first from then on.
    await waitFor('two slots of it', () => frozen.told.start.length >= 2);
    await fleet.join().hire('tick', { ...plan, work });
    await fleet.heardBy(2);
    for (let round = 0; round < 3; round += 1) {
      frozen.freeze();
      await fleet.ticks('tick', 4);
      frozen.thaw();
      await fleet.ticks('tick', 3);
    }
    expect(await frozen.quit()).toMatchObject({ code: 0 });
    // A slot that it won and did not begin before it was frozen is told as expired.
    expect(flawsOf(fleet.told, 'tick', 200)).toEqual(FLAWLESS);
  });
});

describe('members whose clocks are two hours apart', () => {
  it('run each slot of an interval, and of a cron plan, once and in time', async () => {
    const jobs = { tick: { every: 200 }, cron: { cron: '* * * * * *', tz: 'Europe/Helsinki' } };
    const hour = 3_600_000;
    const ahead = await fleet.spawn({ jobs, skewMs: hour });
    const behind = await fleet.spawn({ jobs, skewMs: -hour });
    await fleet.heardBy(2);
    // Whoever had the last slot goes first at the next, so each is given its turn.
    for (const stopped of [behind, ahead]) {
      stopped.freeze();
      await fleet.ticks('tick', 6);
      await fleet.ticks('cron', 2);
      stopped.thaw();
      await fleet.ticks('cron', 1);
    }
    for (const { told } of [ahead, behind]) expect(told.start.length).toBeGreaterThan(0);
    for (const member of [ahead, behind]) expect(await member.quit()).toMatchObject({ code: 0 });
    expect(flawsOf(fleet.told, 'tick', 200)).toEqual(FLAWLESS);
    expect(flawsOf(fleet.told, 'cron', 1000)).toEqual(FLAWLESS);
    for (const { lateness } of fleet.told.start) expect(Math.abs(lateness)).toBeLessThan(1000);
    expect(fleet.slotsOf('cron').every((slot) => slot % 1000 === 0)).toBe(true);
  });

  it('agree on what counts, a hire by the one that is ahead or a later fire by the one behind', async () => {
    const ahead = await fleet.spawn({ jobs: { job: { every: 200 } }, skewMs: 3_600_000 });
    await fleet.ticks('job', 1);
    const right = fleet.join();
    await right.fire('job');
    const slots = fleet.slotsOf('job').length;
    await delay(700);
    expect(fleet.slotsOf('job')).toHaveLength(slots);
    expect(await ahead.quit()).toMatchObject({ code: 0 });
    expect(await storedSlot('job')).toBeGreaterThanOrEqual(1e15);
  });
});

describe('what is fired stays fired', () => {
  async function expectNoSlots(): Promise<void> {
    const slots = fleet.slotsOf('job').length;
    await delay(700);
    expect(fleet.slotsOf('job')).toHaveLength(slots);
    expect(await storedSlot('job')).toBeGreaterThanOrEqual(1e15);
    expect(await fleet.redis.exists(`${fleet.prefix}:work:job`)).toBe(0);
  }

  it('when all connections break, and when Redis comes back empty', async () => {
    fleet.allowErrors(/^CONNECTION/);
    const members = [fleet.join(), fleet.join()];
    for (const fred of members) await fred.hire('job', { every: 100, work });
    await fleet.ticks('job', 2);
    await members[0]?.fire('job');
    await fleet.killConnections('pubsub');
    await fleet.killConnections('normal');
    await fleet.heardBy(2);
    await expectNoSlots();
    await fleet.server.kill();
    await fleet.server.start();
    await fleet.heardBy(2);
    await waitFor('the fire to be back', async () => (await storedSlot('job')) >= 1e15);
    await expectNoSlots();
  });

  it('when a member comes back that was frozen, with the plan in mind', async () => {
    const frozen = await fleet.spawn({ jobs: { job: { every: 200 } } });
    const fred = fleet.join();
    await fred.hire('job', { every: 200, work });
    await fleet.ticks('job', 2);
    frozen.freeze();
    await fred.fire('job');
    await delay(500);
    frozen.thaw();
    await expectNoSlots();
    expect(await frozen.quit()).toMatchObject({ code: 0 });
  });

  it('when it comes back, and Redis has come back empty before it', async () => {
    fleet.allowErrors(/^CONNECTION/);
    const frozen = await fleet.spawn({ jobs: { job: { every: 200 } } });
    const fred = fleet.join();
    await fred.hire('job', { every: 200, work });
    await fleet.ticks('job', 2);
    frozen.freeze();
    await fred.fire('job');
    await fleet.server.kill();
    await fleet.server.start();
    await waitFor('the fire to be back', async () => (await storedSlot('job')) >= 1e15);
    frozen.thaw();
    await fleet.heardBy(2);
    await expectNoSlots();
    expect(await frozen.quit()).toMatchObject({ code: 0 });
  });
});
