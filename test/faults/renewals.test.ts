import type Bossman from '../../src';
import { caughtUp } from '../support/caught-up';
import { makeFaultyFleet } from '../support/faults';
import { delay, waitFor } from '../support/wait';

const fleet = makeFaultyFleet();

const lockOf = (job: string) => fleet.redis.get(`${fleet.prefix}:lock:${job}`);

/** A run with `keepAlive` that lasts until it is released. */
async function beginRun(ttl: number) {
  const contexts: Bossman.RunContext[] = [];
  let letGo = () => {};
  const work = (context: Bossman.RunContext) => {
    contexts.push(context);
    return new Promise<void>((resolve) => {
      letGo = resolve;
    });
  };
  const fred = fleet.join();
  await fred.hire('job', { ttl, keepAlive: true, work });
  await fred.demand('job');
  await waitFor('the run', () => contexts.length === 1);
  await caughtUp(fred);
  return { fred, signal: contexts[0]?.signal, letGo: () => letGo() };
}

/** The run lost its lock for this reason, which was reported once, and its signal has aborted. */
function expectLost(signal: AbortSignal | undefined, why: string): void {
  expect(fleet.told.lost).toEqual([
    { job: 'job', slot: null, demandedAt: fleet.told.start[0]?.demandedAt, why },
  ]);
  expect(signal?.reason).toMatchObject({ code: 'LOCK_LOST', job: 'job' });
}

const isFull = (full: boolean) => fleet.redis.config('SET', 'maxmemory', full ? '1' : '0');
const mayRenew = (may: boolean) => fleet.redis.acl('SETUSER', 'default', may ? '+pexpire' : '-pexpire');

/** How often Redis has refused to renew a lock. */
async function refusals(): Promise<number> {
  const stats = await fleet.redis.info('commandstats');
  return Number(/cmdstat_pexpire:.*rejected_calls=(\d+)/.exec(stats)?.[1] ?? 0);
}

const lockRest = () => fleet.redis.pttl(`${fleet.prefix}:lock:job`);

describe('a renewal of a lock', () => {
  it('is on time even if the work keeps the process busy for more than half of the ttl', async () => {
    const signals: AbortSignal[] = [];
    const work = async ({ signal }: Bossman.RunContext) => {
      signals.push(signal);
      const end = Date.now() + 1200;
      while (Date.now() < end);
      await delay(2000);
    };
    const fred = fleet.join();
    await fred.hire('job', { ttl: 2000, keepAlive: true, work });
    await fred.demand('job');
    await waitFor('the end of the run', () => fleet.told.finish.length === 1);
    expect(fleet.told.lost).toEqual([]);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  });

  it('that Redis does not answer in time aborts the signal, and is reported', async () => {
    const { signal, letGo } = await beginRun(2000);
    fleet.server.freeze();
    await waitFor('the event', () => fleet.told.lost.length > 0);
    expectLost(signal, 'renewal');
    fleet.server.thaw();
    letGo();
    await waitFor('the end of the run', () => fleet.told.finish.length === 1);
    expect(fleet.told.lost).toHaveLength(1);
  });

  it('works while Redis is out of memory, for as long as the run lasts', async () => {
    const { signal, letGo } = await beginRun(2000);
    const token = await lockOf('job');
    await isFull(true);
    const denied = fleet.redis.set('another', 'key');
    await expect(denied).rejects.toThrow(/OOM/);
    const began = performance.now();
    await waitFor('several times the ttl to pass', () => performance.now() - began > 7000);
    expect({ token: await lockOf('job'), lost: fleet.told.lost, aborted: signal?.aborted }).toEqual({
      token,
      lost: [],
      aborted: false,
    });
    await isFull(false);
    letGo();
    await waitFor('the release', async () => (await lockOf('job')) === null);
  });

  it('that is refused until the lock expires aborts the signal, and is reported', async () => {
    const { signal, letGo } = await beginRun(2000);
    await mayRenew(false);
    await waitFor('the event', () => fleet.told.lost.length > 0);
    expectLost(signal, 'renewal');
    expect(await refusals()).toBeGreaterThan(1);
    await mayRenew(true);
    letGo();
    await waitFor('the end of the run', () => fleet.told.finish.length === 1);
  });

  it('that is refused is retried while there is time', async () => {
    const { signal, letGo } = await beginRun(6000);
    const token = await lockOf('job');
    await mayRenew(false);
    await waitFor('a refusal', async () => (await refusals()) > 0);
    await mayRenew(true);
    await waitFor('the renewal', async () => (await lockRest()) > 4000);
    expect(await lockOf('job')).toBe(token);
    expect({ lost: fleet.told.lost, aborted: signal?.aborted }).toEqual({ lost: [], aborted: false });
    letGo();
    await waitFor('the release', async () => (await lockOf('job')) === null);
  });

  it('of a lock that FLUSHALL deleted aborts the signal, and reports that the lock is gone', async () => {
    const { fred, signal, letGo } = await beginRun(3000);
    await fleet.redis.flushall();
    await waitFor('the event', () => fleet.told.lost.length > 0);
    expectLost(signal, 'taken');
    letGo();
    await waitFor('the end of the run', () => fleet.told.finish.length === 1);
    await fred.demand('job');
    await waitFor('another run', () => fleet.told.start.length === 2);
    letGo();
  });
});
