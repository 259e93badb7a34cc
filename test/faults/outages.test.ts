import type Bossman from '../../src';
import { Door } from '../support/door';
import { makeFaultyFleet } from '../support/faults';
import { FLAWLESS, flawsOf } from '../support/flaws';
import { delay, waitFor } from '../support/wait';

const fleet = makeFaultyFleet();
const work = () => {};

const demandRuns = () => fleet.told.start.filter(({ demandedAt }) => demandedAt !== null).length;

describe('a Redis that hangs for two seconds', () => {
  it('doubles no slot, missed ones are reported, and the plans continue on their grid', async () => {
    for (const fred of [fleet.join(), fleet.join(), fleet.join()]) {
      await fred.hire('tick', { every: 200, work });
      await fred.hire('cron', { cron: '* * * * * *', work });
    }
    await fleet.ticks('tick', 3);
    await fleet.ticks('cron', 1);
    fleet.server.freeze();
    const before = Math.max(...fleet.slotsOf('tick'));
    await delay(2000);
    fleet.server.thaw();
    await fleet.ticks('tick', 5);
    await fleet.ticks('cron', 2);
    expect(flawsOf(fleet.told, 'tick', 200)).toEqual(FLAWLESS);
    expect(flawsOf(fleet.told, 'cron', 1000)).toEqual(FLAWLESS);
    const missed = fleet.told.skip.filter(({ job, why }) => job === 'tick' && why === 'missed');
    expect(missed.length).toBeGreaterThan(0);
    expect(Math.max(...missed.map(({ through }) => through))).toBeGreaterThan(before + 1000);
  });

  it('runs a demand that was made meanwhile, once', async () => {
    const [fred, other] = [fleet.join(), fleet.join()];
    await fred.hire('wanted', { work });
    await fleet.heardBy(2);
    fleet.server.freeze();
    const demanded = other.demand('wanted');
    await delay(2000);
    expect(demandRuns()).toBe(0);
    fleet.server.thaw();
    await demanded;
    await waitFor('the run', () => fleet.told.finish.length > 0);
    await other.demand('wanted');
    await waitFor('another', () => fleet.told.finish.length > 1);
    expect(demandRuns()).toBe(2);
  });
});

describe('a Redis that is not running yet', () => {
  it('is reported once, and all calls are carried out, in order, when it starts', async () => {
    fleet.allowErrors(
      /^CONNECTION: the (command|subscriber) connection to 127.0.0.1:\d+ failed.*ECONNREFUSED/,
    );
    await fleet.server.kill();
    let tries = 0;
    const retryStrategy = () => {
      tries += 1;
      return 20;
    };
    const fred = fleet.join({}, { retryStrategy });
    const calls = Promise.all([
      fred.hire('tick', { every: 100, work }),
      fred.hire('cron', { cron: '* * * * * *', work }),
      fred.hire('fired', { every: 50, work }),
      fred.fire('fired'),
      fred.hire('wanted', { work }),
      fred.demand('wanted'),
      fred.fire('hired'),
      fred.hire('hired', { every: 50, work }),
    ]);
    await waitFor('many attempts', () => tries >= 20);
    expect(fleet.told.error).toHaveLength(1);
    await fleet.server.start();
    await calls;
    await fleet.ticks('tick', 3);
    await fleet.ticks('cron', 1);
    await fleet.ticks('hired', 1);
    await waitFor('the demand', () => demandRuns() === 1);
    expect(fleet.slotsOf('fired')).toEqual([]);
    expect(demandRuns()).toBe(1);
    expect(fleet.told.error).toHaveLength(1);
  });
});

describe('a Redis without free memory', () => {
  const isFull = (full: boolean) => fleet.redis.config('SET', 'maxmemory', full ? '1' : '0');

  it('is reported once for each verb, not once for each slot, and the plans continue when there is memory', async () => {
    fleet.allowErrors(
      /^COMMAND: (claim|settle|begin) of .* failed \(OOM|^COMMAND: the end of a run of .*OOM/,
    );
    const members = [fleet.join(), fleet.join()];
    for (const fred of members) {
      await fred.hire('tick', { every: 100, work });
      await fred.hire('tock', { every: 150, work });
    }
    await fleet.ticks('tick', 3);
    await isFull(true);
    await waitFor('the report', () => members.some((fred) => fleet.toldBy(fred).error.length > 0));
    const ticks = fleet.slotsOf('tick').length;
    await delay(1500);
    const claimsOf = (fred: Bossman) => fleet.toldBy(fred).error.filter((error) => /claim of/.test(error));
    await waitFor('each to have claimed', () => members.every((fred) => claimsOf(fred).length > 0));
    expect(fleet.slotsOf('tick').length).toBeLessThanOrEqual(ticks + 1);
    await isFull(false);
    await fleet.ticks('tick', 3);
    await fleet.ticks('tock', 3);
    expect(flawsOf(fleet.told, 'tick', 100)).toEqual(FLAWLESS);
    expect(flawsOf(fleet.told, 'tock', 150)).toEqual(FLAWLESS);
    for (const fred of members) expect(claimsOf(fred)).toHaveLength(1);
    expect(fleet.told.error.length).toBeLessThanOrEqual(2 * members.length);
  });

  it('refuses a demand, which is then not made; a hire is carried out when there is memory', async () => {
    fleet.allowErrors(/^COMMAND: (demand|hire) of .* failed: OOM/);
    const fred = fleet.join();
    await fred.hire('wanted', { ttl: 1500, work });
    await isFull(true);
    await expect(fred.demand('wanted')).rejects.toMatchObject({ code: 'COMMAND', job: 'wanted' });
    await expect(fred.hire('late', { every: 300, work })).rejects.toMatchObject({ message: /OOM/ });
    await isFull(false);
    // Longer than the lock that a demand would have taken.
    await fleet.ticks('late', 6);
    expect(demandRuns()).toBe(0);
    await fred.demand('wanted');
    await waitFor('the run', () => demandRuns() === 1);
  });

  it('blocks no place of an instance with few, and everything that was due runs when there is memory', async () => {
    fleet.allowErrors(/^COMMAND: .*OOM/);
    const door = new Door();
    const fred = fleet.join({ concurrency: 2 });
    const names = ['a', 'b', 'c', 'd'];
    for (const name of names) await fred.hire(name, { every: 1000, work: door.work, ttl: 20_000 });
    await waitFor('two runs', () => door.going === 2);
    await isFull(true);
    // The ends delete locks, so Redis carries them out, and one claim in the same command; it refuses those that follow.
    door.open();
    await waitFor('the report', () => fleet.told.error.some((error) => /claim/.test(error)));
    await delay(1500);
    await isFull(false);
    await waitFor('all to have run, each twice', () => {
      door.open();
      return names.every((name) => fleet.slotsOf(name).length >= 2);
    });
    expect(door.most).toBe(2);
    for (const name of names) expect(flawsOf(fleet.told, name, 1000).doubled).toEqual(FLAWLESS.doubled);
    const opening = setInterval(() => door.open(), 20);
    await fred.quit().finally(() => clearInterval(opening));
  });

  it('makes forget refuse, because no instance can answer that it hires the job', async () => {
    fleet.allowErrors(/^(COMMAND|FORGET): /);
    const [fred, barney] = [fleet.join(), fleet.join()];
    for (const instance of [fred, barney]) await instance.hire('job', { every: '1 hour', work });
    await fleet.heardBy(2);
    await isFull(true);
    await expect(fred.forget('job')).rejects.toThrow(
      /'job' is not forgotten: another instance may hire it: Redis refuses their answers \(.*OOM/,
    );
    await isFull(false);
    expect((await barney.jobs()).map(({ name, hiredBy }) => [name, hiredBy])).toEqual([['job', [barney.id]]]);
  });

  it('is reported again when it is full once more', async () => {
    fleet.allowErrors(/^COMMAND: claim of .* failed \(OOM/);
    await fleet.join().hire('tick', { every: 100, work });
    for (let round = 1; round <= 2; round += 1) {
      await fleet.ticks('tick', 2);
      await isFull(true);
      await waitFor('the report', () => fleet.told.error.length === round);
      await isFull(false);
    }
    await fleet.ticks('tick', 2);
    expect(fleet.told.error).toHaveLength(2);
  });
});

describe('a primary that is made a replica', () => {
  it('is reported once for each verb, and when it is a primary again, no slot is doubled or left unreported', async () => {
    fleet.allowErrors(/^COMMAND: .*READONLY/);
    fleet.allowErrors(/^CONNECTION/);
    const members = [fleet.join(), fleet.join()];
    for (const fred of members) await fred.hire('tick', { every: 100, work });
    await fleet.ticks('tick', 3);
    // Port 1 is nobody's: it keeps its data, and waits.
    await fleet.redis.replicaof('127.0.0.1', 1);
    const claimsOf = (fred: Bossman) => fleet.toldBy(fred).error.filter((error) => /claim of/.test(error));
    await waitFor('the report', () => members.every((fred) => claimsOf(fred).length > 0));
    await expect(members[0]?.demand('tick')).rejects.toThrow(/READONLY/);
    await delay(1000);
    await fleet.redis.replicaof('NO', 'ONE');
    await fleet.ticks('tick', 5);
    expect(flawsOf(fleet.told, 'tick', 100)).toEqual(FLAWLESS);
    for (const fred of members) expect(claimsOf(fred)).toHaveLength(1);
    expect(fleet.told.error.length).toBeLessThanOrEqual(3 * members.length);
  });
});
