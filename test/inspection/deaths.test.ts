import type Bossman from '../../src';
import { openInspector } from '../../src/inspection/inspector';
import { caughtUp } from '../support/caught-up';
import { runScript } from '../support/child';
import { type Member, makeFaultyFleet } from '../support/faults';
import { delay, waitFor } from '../support/wait';

const fleet = makeFaultyFleet();
const work = () => {};
/** Until then a run that may have died would have been recorded. */
const LONG = 6000;

const deaths = () => fleet.told.lost.filter(({ why }) => why === 'died');
const counts = (name: string) => fleet.redis.hget(`${fleet.prefix}:counts`, name);
const lockOf = (name: string) => fleet.redis.exists(`${fleet.prefix}:lock:${name}`);

/** A process that is killed in a run of the job, and by whom that was. */
async function killInRun(
  job: string,
  plan: Omit<Bossman.JobDefinition, 'work'>,
  demanded = false,
): Promise<Bossman.RunEvent> {
  const member = await fleet.spawn({ jobs: { [job]: plan }, workMs: 600_000 });
  if (demanded) {
    await fleet.heardBy(1);
    await fleet.join().demand(job);
  }
  return killedIn(member);
}

async function killedIn(member: Member): Promise<Bossman.RunEvent> {
  const [run] = await waitFor('its run', () => (member.told.start.length > 0 ? member.told.start : null));
  if (!run) throw new Error('no run');
  // What is noted of it is in Redis: it is sent before the work begins, or with the answer that led to it.
  await waitFor('its run to be noted', async () => / \| /.test((await counts(run.job)) ?? ''));
  await member.kill();
  return run;
}

async function recordOf(run: Bossman.RunEvent, recovered = false): Promise<Bossman.RunRecord> {
  const { slot, demandedAt } = run;
  const [boss] = [fleet.join()];
  const found = async () =>
    (await boss.history(run.job)).find((one) => one.outcome === 'died' && one.recovered === recovered);
  const record = await waitFor('its record', found);
  expect(record).toMatchObject({ slot, demandedAt, error: null, pid: expect.any(Number) });
  expect(record.host).toBeTruthy();
  expect(record.by).toMatch(/^[0-9a-f]{16}$/);
  expect(Math.abs(record.startedAt - run.startedAt)).toBeLessThan(1000);
  return record;
}

describe('a run whose process is killed', () => {
  it('of a slot is recorded as a failure, and reported once, by the instance that claims the next slot', async () => {
    const run = await killInRun('job', { every: 300, ttl: 500 });
    const members = [fleet.join(), fleet.join(), fleet.join()];
    for (const one of members) await one.hire('job', { every: 300, ttl: 500, work });
    await waitFor('the report', () => deaths().length > 0);
    expect(deaths()).toEqual([{ job: 'job', slot: run.slot, demandedAt: null, why: 'died' }]);
    await recordOf(run);
    const [job] = (await members[0]?.jobs()) ?? [];
    expect(job).toMatchObject({ failures: 1, lastRun: { outcome: 'done' } });
    const finished = fleet.told.finish.length;
    expect(job?.runs).toBeGreaterThan(2);
    await waitFor('ten more runs', () => fleet.told.finish.length >= finished + 10);
    expect(deaths()).toHaveLength(1);
    expect((await members[1]?.history('job'))?.filter(({ outcome }) => outcome === 'died')).toHaveLength(1);
  });

  it('of a demand is recorded, reported by the instance that runs the job next, and not run again', async () => {
    const run = await killInRun('job', { ttl: 500 }, true);
    const next = fleet.join();
    await next.hire('job', { ttl: 500, work });
    await waitFor('its lock to end', async () => (await lockOf('job')) === 0);
    await next.demand('job');
    await waitFor('the report', () => deaths().length > 0);
    expect(deaths()).toEqual([{ job: 'job', slot: null, demandedAt: run.demandedAt, why: 'died' }]);
    await recordOf(run);
    expect(fleet.toldBy(next).start).toHaveLength(1);
  });

  it('of a demand that its instance made and took in one step is recorded too, by an inspection', async () => {
    const script = `const fred = new Bossman({ connection, prefix: '${fleet.prefix}' });
      fred.on('start', (event) => console.log(JSON.stringify(event)));
      fred.hire('job', { ttl: 300, work: () => new Promise(() => {}) }).then(() => fred.demand('job'));`;
    const { lines } = await runScript(script, fleet.server.url, (_line, child) => child.kill('SIGKILL'));
    const run: Bossman.RunEvent = JSON.parse(lines[0] ?? '');
    await waitFor('its lock to end', async () => (await lockOf('job')) === 0);
    const inspector = await openInspector({ connection: fleet.server.url, prefix: fleet.prefix });
    expect(await inspector.jobs()).toMatchObject([
      { name: 'job', runs: 1, failures: 1, lastRun: { outcome: 'died', demandedAt: run.demandedAt } },
    ]);
    await inspector.close();
    expect(deaths()).toEqual([]);
    // An instance that runs the job reports what the inspection, which is none, could not.
    for (let times = 1; times <= 2; times += 1) {
      const one = fleet.join();
      await one.hire('job', { work });
      await one.demand('job');
      await waitFor('its run', () => fleet.toldBy(one).finish.length === 1);
      await waitFor('the report', () => deaths().length > 0);
    }
    await delay(LONG);
    expect(deaths()).toHaveLength(1);
    await recordOf(run);
  });

  it('is recorded even if it began while the subscriber was disconnected', async () => {
    const script = `const fred = new Bossman({
        connection: { ...connection, retryStrategy: () => 600_000 },
        prefix: '${fleet.prefix}',
      });
      fred.on('error', () => {});
      fred.on('start', (event) => console.log(JSON.stringify(event)));
      const work = () => new Promise(() => {});
      fred.hire('job', { every: 3000, ttl: 300, work }).then(() => console.log('hired'));`;
    let isAway = false;
    const { lines } = await runScript(script, fleet.server.url, async (line, child) => {
      if (line !== 'hired') {
        child.kill('SIGKILL');
        return;
      }
      await fleet.heardBy(1);
      await fleet.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      isAway = true;
    });
    expect(isAway).toBe(true);
    await waitFor('its lock to end', async () => (await lockOf('job')) === 0);
    await recordOf(JSON.parse(lines[1] ?? ''));
  });

  it('of a slot that is recovered, which dies again, leaves two records', async () => {
    const plan = { every: '1 hour', ttl: 500, recover: true };
    const first = fleet.join();
    await first.hire('job', { ...plan, work });
    await first.quit();
    await fleet.redis.zadd(`${fleet.prefix}:due`, Date.now(), 'job');
    const run = await killInRun('job', plan);
    const again = await killInRun('job', plan);
    expect(again).toMatchObject({ slot: run.slot, recovered: true });
    const next = fleet.join();
    await next.hire('job', { ...plan, work });
    await next.demand('job');
    await waitFor('both reports', () => deaths().length >= 2);
    await recordOf(run);
    await recordOf(again, true);
    expect(deaths()).toHaveLength(2);
    expect(fleet.toldBy(next).start).toMatchObject([{ slot: null, recovered: false }]);
  });

  it('of a demand is run once more with `recover`, and not a third time', async () => {
    const plan = { ttl: 500, recover: true };
    const run = await killInRun('job', plan, true);
    const again = await killInRun('job', plan);
    expect(again).toMatchObject({ slot: null, demandedAt: run.demandedAt, recovered: true });
    await waitFor('its lock to end', async () => (await lockOf('job')) === 0);
    const next = fleet.join();
    await next.hire('job', { ...plan, work });
    await delay(1500);
    expect(fleet.toldBy(next).start).toEqual([]);
  });

  it('of a demand is run once more by a running instance, as soon as its lock has expired', async () => {
    const stays = [fleet.join(), fleet.join()];
    const dies = await fleet.spawn({ jobs: { job: { ttl: 1000, recover: true } }, workMs: 600_000 });
    await fleet.heardBy(3);
    await stays[0]?.demand('job');
    const run = await waitFor('its run', () => dies.told.start[0]);
    for (const one of stays) await one.hire('job', { ttl: 1000, recover: true, work });
    await dies.kill();
    await waitFor('it to be run again', () => fleet.told.finish.length > 0);
    await caughtUp(...stays);
    expect(fleet.told.finish).toMatchObject([{ slot: null, demandedAt: run.demandedAt, recovered: true }]);
    expect(await fleet.redis.exists(`${fleet.prefix}:recovers`)).toBe(0);
  });
});

describe('a run that is alive', () => {
  it('without its lock, in a busy process, is not recorded as died, and counts once', async () => {
    const dies = await fleet.spawn({ jobs: { job: { ttl: 300 } }, workMs: 1000 });
    await fleet.heardBy(1);
    const other = fleet.join();
    await other.demand('job');
    await waitFor('its run', () => dies.told.start.length > 0);
    dies.freeze();
    await waitFor('its lock to end', async () => (await lockOf('job')) === 0);
    await other.hire('job', { every: 200, work });
    const finished = fleet.told.finish.length;
    await delay(LONG);
    expect(fleet.toldBy(other).finish.length).toBeGreaterThan(finished);
    await other.jobs();
    dies.thaw();
    await waitFor('it to end', () => dies.told.finish.length === 1);
    await other.fire('job');
    await waitFor('all to be settled', async () => !/ \| /.test((await counts('job')) ?? ''));
    expect(deaths()).toEqual([]);
    const [job] = await other.jobs();
    expect(job).toMatchObject({ runs: fleet.told.finish.length, failures: 0 });
  });

  it('but was cut off for so long that it was recorded as died, has its record corrected when it settles', async () => {
    const cut = await fleet.spawn({ jobs: { job: { ttl: 300 } }, workMs: 1000 });
    const other = fleet.join();
    await fleet.heardBy(2);
    await other.demand('job');
    await waitFor('its run', () => cut.told.start.length > 0);
    // Frozen, it cannot connect again.
    cut.freeze();
    const clients = String(await fleet.redis.call('CLIENT', 'LIST', 'TYPE', 'pubsub')).split('\n');
    const ids = clients.flatMap((line) => (/ sub=3 /.test(line) ? [/^id=(\d+)/.exec(line)?.[1] ?? ''] : []));
    const own = `${fleet.prefix}:bell:0:${Reflect.get(other, 'id')}`;
    for (const id of ids) await fleet.redis.call('CLIENT', 'KILL', 'ID', id);
    await waitFor('the other to be back', async () => {
      const [, heard] = await fleet.redis.pubsub('NUMSUB', own);
      return Number(heard) === 1;
    });
    await waitFor('its lock to end', async () => (await lockOf('job')) === 0);
    fleet.allowErrors(/^CONNECTION/);
    const [before] = await other.jobs();
    expect(before).toMatchObject({ runs: 1, failures: 1, lastRun: { outcome: 'died' } });
    expect(deaths()).toHaveLength(1);
    cut.thaw();
    await waitFor('it to be settled', async () => (await other.jobs())[0]?.lastRun?.outcome === 'done');
    expect(await other.jobs()).toMatchObject([{ runs: 1, failures: 0 }]);
    expect(await other.history('job')).toMatchObject([{ outcome: 'done' }]);
  });
});

it('nothing is invented when Redis was emptied', async () => {
  fleet.allowErrors(/^CONNECTION/);
  await killInRun('job', { every: 300, ttl: 300 });
  await fleet.redis.flushall();
  const next = fleet.join();
  await next.hire('job', { every: 300, work });
  await waitFor('some runs', () => fleet.toldBy(next).finish.length > 5);
  await delay(LONG);
  expect(deaths()).toEqual([]);
  expect((await next.jobs())[0]?.failures).toBe(0);
});
