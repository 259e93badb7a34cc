import { Redis } from 'ioredis';
import type { JobInfo } from '../../src';
import { bossman } from '../cli/cli';
import { makeFaultyFleet } from '../support/faults';
import { delay, waitFor } from '../support/wait';

const fleet = makeFaultyFleet();
const work = () => {};

async function limitMemory(maxmemory: string): Promise<void> {
  const redis = new Redis(fleet.server.url);
  await redis.config('SET', 'maxmemory-policy', 'noeviction');
  await redis.config('SET', 'maxmemory', maxmemory);
  redis.disconnect();
}

const cli = (...args: string[]) => bossman([...args, '--url', fleet.server.url, '--prefix', fleet.prefix]);

describe('a Redis that is out of memory', () => {
  const seen = (jobs: JobInfo[]) =>
    jobs.map(({ name, orphaned, hirersKnown }) => ({ name, orphaned, hirersKnown }));

  it('keeps instances from answering, and their jobs are not called orphaned', async () => {
    const [fred, other] = [fleet.join(), fleet.join()];
    await fred.hire('mine', { every: '1 hour', work });
    await other.hire('other', { every: '1 hour', work });
    await fleet.heardBy(2);
    await limitMemory('1');
    const unknown = { orphaned: false, hirersKnown: false };
    expect(seen(await fred.jobs())).toEqual([
      { name: 'mine', ...unknown },
      { name: 'other', ...unknown },
    ]);
    await limitMemory('0');
    const known = { orphaned: false, hirersKnown: true };
    await waitFor('their answers', async () => (await fred.fleet()).length === 2);
    expect(seen(await fred.jobs())).toEqual([
      { name: 'mine', ...known },
      { name: 'other', ...known },
    ]);
  });

  it('is named by list and fleet, and makes forget refuse jobs that may be hired', async () => {
    await fleet.join().hire('job', { every: '1 hour', work });
    await fleet.heardBy(1);
    await limitMemory('1');
    const reason = /^the instances are unknown: Redis refuses their answers \(OOM .*\)$/m;
    const { stdout } = await cli('list');
    expect(stdout).toMatch(/^1 job, 0 running, 0 failing, 0 orphaned, instances unknown\n/);
    expect(stdout).toMatch(reason);
    expect(stdout).toMatch(/^job +new /m);
    expect((await cli('fleet')).stdout).toMatch(reason);
    const { status, stderr } = await cli('forget', 'job');
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^bossman: 'job' is not forgotten: an instance may hire it: Redis refuses their answers \(OOM /,
    );
  });

  it('and was emptied is reported once, and the plan is restored when there is memory again', async () => {
    fleet.allowErrors(/OOM/);
    await fleet.join().hire('job', { every: 300, work });
    await fleet.ticks('job', 1);
    await limitMemory('1');
    await fleet.redis.flushall();
    await delay(2500);
    expect(fleet.told.error.filter((told) => told.includes("claim of 'job' failed"))).toHaveLength(1);
    await limitMemory('0');
    await fleet.ticks('job', 2);
  });
});
