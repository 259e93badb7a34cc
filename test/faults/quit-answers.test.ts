import type Bossman from '../../src';
import { makeFaultyFleet } from '../support/faults';
import { startProxy } from '../support/proxy';
import { delay, waitFor } from '../support/wait';

const fleet = makeFaultyFleet();
const DIED = '0123456789abcdef0123';

/** What the operator or a run that died leaves to be run. */
const LEFT: Record<'demand' | 'take' | 'recover', (leaves: Bossman) => Promise<unknown>> = {
  demand: async (leaves) => {
    // It rejects when quit has given up; the demand may have been made nevertheless.
    leaves.demand('job').catch(() => {});
  },
  take: () => fleet.join().demand('job'),
  recover: async () => {
    await fleet.redis.hset(`${fleet.prefix}:recovers`, 'job', `${DIED}:${Date.now() - 5000}:0d`);
    await fleet.redis.publish(`${fleet.prefix}:bell:0`, `dropped ${DIED.slice(0, 16)} job`);
  },
};

it.each(['demand', 'take', 'recover'] as const)(
  'the demand in an answer to %s that arrives when quit has given up on the runs is run by another instance',
  async (verb) => {
    fleet.allowErrors(/^QUIT/);
    const plan = { ttl: 1000, recover: verb === 'recover', work: () => {} };
    const proxy = await startProxy(fleet.server.port);
    try {
      const leaves = fleet.join({}, { port: proxy.port });
      await leaves.hire('long', { ttl: 60_000, work: () => new Promise(() => {}) });
      await leaves.hire('job', plan);
      await leaves.demand('long');
      await waitFor('its run', () => fleet.told.start.length === 1);
      const held = proxy.holdAt(':lock:job');
      await LEFT[verb](leaves);
      const release = await held;
      const quit = leaves.quit({ timeout: 0 });
      await waitFor('quit to give up on it', () => fleet.told.lost.length === 1);
      release();
      await quit;
    } finally {
      await proxy.close();
    }
    expect(fleet.told.start).toHaveLength(1);
    const stays = fleet.join();
    await stays.hire('job', plan);
    await waitFor('the run', () => fleet.told.finish.length > 0);
    await delay(1500);
    expect(fleet.toldBy(stays).start).toMatchObject([
      { job: 'job', slot: null, recovered: verb === 'recover' },
    ]);
  },
);
