import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';
import type Bossman from '../../src';
import { scripts } from '../../src/scripts/generated';
import { connectionOf, makeFleet } from '../support/fleet';
import { type CuttingProxy, startProxy } from '../support/proxy';
import { testUrl } from '../support/redis';
import { waitFor } from '../support/wait';

/*
 * Slots that were won, and could not begin before their locks ended: they are claimed again, not lost, and leave no trace
 * of a run that died.
 */
const TTL = 100;

const fleet = makeFleet();

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** A plan whose only slot for a year is in some seconds: no later slot stands for it, however busy the machine is. */
function onceSoon(): { cron: string; tz: string; slot: number } {
  const slot = 1000 * Math.ceil((Date.now() + 4000) / 1000);
  const at = new Date(slot);
  const fields = [
    at.getUTCSeconds(),
    at.getUTCMinutes(),
    at.getUTCHours(),
    at.getUTCDate(),
    at.getUTCMonth() + 1,
  ];
  return { cron: `${fields.join(' ')} *`, tz: 'UTC', slot };
}

async function nothingIsLeft(): Promise<void> {
  await waitFor('no run to be noted', async () => {
    const counts = await fleet.redis.hvals(`${fleet.prefix}:counts`);
    const recovers = await fleet.redis.hlen(`${fleet.prefix}:recovers`);
    return recovers === 0 && counts.length > 0 && counts.every((text) => !text.includes(' | '));
  });
}

describe.each([false, true])('a slot whose lock ended before it could begin, recover %s,', (recover) => {
  test('is run once when the jobs that are due with it take longer than its ttl', async () => {
    const instance = fleet.join();
    const names = Array.from({ length: 20 }, (_, index) => `job ${index}`);
    const work = () => block(30);
    const { slot, ...plan } = onceSoon();
    await Promise.all(names.map((name) => instance.hire(name, { ...plan, ttl: TTL, recover, work })));
    const { finish } = fleet.told;
    await waitFor('each job to be run', () => new Set(finish.map(({ job }) => job)).size === names.length);
    const runs = fleet.told.start.map((run) => ({ job: run.job, slot: run.slot }));
    expect(runs).toHaveLength(names.length);
    expect(new Set(runs.map((run) => run.slot))).toEqual(new Set([slot]));
    expect(fleet.told.start.some(({ lateness }) => lateness >= 3 * TTL)).toBe(true);
    expect(fleet.told.skip).toEqual([]);
    expect(fleet.told.lost.filter(({ why }) => why === 'died')).toEqual([]);
    await nothingIsLeft();
    const jobs = await instance.jobs();
    expect(jobs.map(({ failures, skips }) => ({ failures, skips }))).toEqual(
      names.map(() => ({ failures: 0, skips: 0 })),
    );
  });

  test('is run once when other code blocks the process after the claim', async () => {
    const other = new Redis(testUrl());
    fleet.afterwards(() => other.disconnect());
    await other.subscribe(`${fleet.prefix}:bell:${connectionOf().db}`);
    // The claim is rung before its slot is due, and before the next one is.
    other.on('message', (_channel, message: string) => {
      if (!message.includes('claim ') || !message.includes(' run ')) return;
      block(2 * TTL);
    });
    const instances = [fleet.join(), fleet.join()];
    const plan = { every: 5 * TTL, ttl: TTL, recover, work: () => {} };
    for (const instance of instances) await instance.hire('job', plan);
    const isLate = () => fleet.told.start.some(({ lateness }) => lateness >= TTL);
    await waitFor('four slots, of which one is late', () => fleet.told.finish.length >= 4 && isLate(), {
      timeoutMs: 30_000,
    });
    await instances[0]?.fire('job');
    const slots = fleet.told.start.map(({ slot }) => slot ?? 0).sort((a, b) => a - b);
    expect(slots).toEqual(slots.map((_, index) => (slots[0] ?? 0) + index * 5 * TTL));
    expect(fleet.told.skip).toEqual([]);
    await nothingIsLeft();
  });
});

describe('a slot that is run once more, and whose lock ended before that run could begin,', () => {
  const HOUR = 3_600_000;
  const TOKEN = 'd'.repeat(32);

  /** An instance that has hired the job, and asked for runs to recover; its answers to further such requests can be held. */
  async function joinThroughProxy(): Promise<{ instance: Bossman; proxy: CuttingProxy }> {
    const proxy = await startProxy(connectionOf().port);
    fleet.afterwards(() => proxy.close());
    const instance = fleet.join({
      connection: { ...connectionOf(), port: proxy.port, connectionName: fleet.prefix },
    });
    await instance.hire('job', plan);
    await instance.jobs();
    return { instance, proxy };
  }

  const plan = { every: HOUR, ttl: TTL, recover: true, work: () => {} };
  const hold = (proxy: CuttingProxy) =>
    proxy.holdAt(createHash('sha1').update(scripts.recover).digest('hex'));

  /** Resolves when the run is taken, and the lock that came with it has ended. */
  async function takenTooLate(): Promise<void> {
    const entry = () => fleet.redis.hget(`${fleet.prefix}:recovers`, 'job');
    await waitFor('it to be taken', async () => (await entry())?.includes(':1'));
    await waitFor('its lock to end', async () => !(await fleet.redis.exists(`${fleet.prefix}:lock:job`)));
  }

  /** What an instance leaves that has died in a run of the slot, or of a demand that was made then. */
  async function leaveDeadRun(kind: '' | 'd'): Promise<number> {
    const next = Number(await fleet.redis.zscore(`${fleet.prefix}:due`, 'job'));
    const at = next - HOUR;
    await fleet.redis.hset(`${fleet.prefix}:recovers`, 'job', `${TOKEN}:${at}:0${kind}`);
    await fleet.redis.publish(
      `${fleet.prefix}:bell:${connectionOf().db}`,
      `dropped ${TOKEN.slice(0, 16)} job`,
    );
    return at;
  }

  const runsOf = (at: number) =>
    fleet.told.start.filter(({ slot, demandedAt }) => (slot ?? demandedAt) === at);

  test.each([
    ['a slot', ''],
    ['a demand', 'd'],
  ] as const)('%s, is recovered again, by the same instance', async (_, kind) => {
    const { proxy } = await joinThroughProxy();
    const first = hold(proxy);
    const at = await leaveDeadRun(kind);
    const release = await first;
    await takenTooLate();
    const second = hold(proxy);
    release();
    const releaseAgain = await second;
    await takenTooLate();
    expect(runsOf(at)).toEqual([]);
    releaseAgain();
    await waitFor('the run', () => runsOf(at).length > 0);
    await nothingIsLeft();
    expect(runsOf(at)).toMatchObject([{ recovered: true }]);
    expect(fleet.told.skip).toEqual([]);
    expect(fleet.told.lost).toEqual([]);
    expect((await fleet.join().jobs())[0]).toMatchObject({ runs: 1, failures: 0, skips: 0 });
  });

  test('is released for another instance when its own quits', async () => {
    const { instance, proxy } = await joinThroughProxy();
    const held = hold(proxy);
    const at = await leaveDeadRun('');
    const release = await held;
    await takenTooLate();
    const quitting = instance.quit();
    release();
    await quitting;
    expect(await fleet.redis.hget(`${fleet.prefix}:recovers`, 'job')).toMatch(new RegExp(`:${at}:0$`));
    await fleet.join().hire('job', plan);
    await waitFor('the run', () => runsOf(at).length > 0);
    await nothingIsLeft();
    expect(runsOf(at)).toMatchObject([{ recovered: true }]);
    expect(fleet.told.skip).toEqual([]);
  });

  test('waits for the end of a pause that came meanwhile', async () => {
    const { proxy } = await joinThroughProxy();
    const held = hold(proxy);
    const at = await leaveDeadRun('');
    const release = await held;
    await takenTooLate();
    await fleet.join().pause('job');
    release();
    await waitFor('it to be given back', async () =>
      (await fleet.redis.hget(`${fleet.prefix}:recovers`, 'job'))?.endsWith(`:${at}:0`),
    );
    expect(runsOf(at)).toEqual([]);
    await fleet.join().resume('job');
    await waitFor('the run', () => runsOf(at).length > 0);
    await nothingIsLeft();
    expect(runsOf(at)).toMatchObject([{ recovered: true }]);
    expect(fleet.told.skip).toEqual([]);
  });
});
