import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { Redis } from 'ioredis';
import { FLAWLESS, flawsOf } from '../support/flaws';
import { makeFleet } from '../support/fleet';
import { delay, waitFor } from '../support/wait';
import { ask, type SentinelGroup, startSentinels } from './servers';

jest.setTimeout(120_000);

const PATIENT = { timeoutMs: 60_000 };
const OUTAGE = /^CONNECTION|^COMMAND: .*(READONLY|NOREPLICAS|UNBLOCKED|LOADING)/;

describe('a primary with a replica, watched by sentinels', () => {
  const fleet = makeFleet();
  let group: SentinelGroup;
  let dir: string;
  beforeEach(async () => {
    dir = mkdtempSync(joinPath(tmpdir(), 'bossman-sentinel-'));
    group = await startSentinels(dir);
  });
  afterEach(async () => {
    await group.stop();
    rmSync(dir, { recursive: true });
  });

  const join = () => fleet.join({ connection: { sentinels: group.sentinels, name: group.name } });
  const slotsOf = (job: string) => fleet.told.start.filter((run) => run.job === job).map((run) => run.slot);
  const moreOf = async (job: string, count: number) => {
    const before = slotsOf(job).length;
    await waitFor(`${count} more of ${job}`, () => slotsOf(job).length >= before + count, PATIENT);
  };
  const isPrimary = (port: number) =>
    ask({ port }, async (redis) => /role:master/.test(await redis.info('replication')));

  /** Three instances with a dozen jobs between them, and one that is fired. */
  const underLoad = async () => {
    const instances = [join(), join(), join()];
    for (const one of instances) {
      await Promise.all(loads.map((load) => one.hire(load, { every: 200, work() {} })));
      await one.hire('tick', { every: 100, work() {} });
      await one.hire('fired', { every: 100, work() {} });
      await one.hire('demanded', { work() {} });
    }
    const [first] = instances;
    if (!first) throw new Error('there are three');
    await moreOf('fired', 1);
    await first.fire('fired');
    await moreOf('tick', 3);
    return first;
  };
  const loads = Array.from({ length: 12 }, (_, index) => `load ${index}`);

  const expectFlawless = () => {
    const told = fleet.told;
    for (const job of loads) expect({ job, ...flawsOf(told, job, 200) }).toEqual({ job, ...FLAWLESS });
    expect(flawsOf(told, 'tick', 100)).toEqual(FLAWLESS);
  };

  // A server answers a claim, and hands it to its replica, in one turn of its loop: so a killed one has lost nothing that
  // an instance was told, and no slot may be doubled.
  test('when the primary is killed under load, the replica takes over, and no slot is doubled or lost', async () => {
    fleet.allowErrors(OUTAGE);
    const one = await underLoad();
    const firedAt = slotsOf('fired').length;

    await group.primary.kill();
    await waitFor('the replica to take over', () => isPrimary(group.replica.port), PATIENT);
    await Promise.all(['tick', ...loads].map((job) => moreOf(job, 5)));

    await one.hire('later', { every: 100, work() {} });
    await one.demand('demanded');
    await moreOf('later', 3);
    await moreOf('tick', 5);
    expectFlawless();
    expect(slotsOf('demanded')).toEqual([null]);
    expect(slotsOf('fired')).toHaveLength(firedAt);

    // The old one comes back as a replica, with nobody the wiser.
    await group.primary.start();
    await waitFor('the old one to follow', async () => !(await isPrimary(group.primary.port)), PATIENT);
    await moreOf('tick', 5);
    expectFlawless();
    expect(slotsOf('fired')).toHaveLength(firedAt);
  });

  test('a primary that accepts no more clients is reported as such, and jobs run when it does again', async () => {
    fleet.allowErrors(/^CONNECTION/);
    fleet.allowErrors(/^COMMAND/);
    const redis = new Redis(group.primary.port);
    try {
      await redis.config('SET', 'maxclients', '1');
      const hired = join()
        .hire('tick', { every: 100, work() {} })
        .catch(() => {});
      const outages = () => fleet.told.error.filter(({ code }) => code === 'CONNECTION');
      await waitFor('the report', () => outages().length > 0, PATIENT);
      // Long enough for many attempts.
      await delay(1500);
      const messages = outages().map(({ message }) => message);
      expect(messages).toEqual(
        messages.map(() => expect.stringMatching(/\(ERR max number of clients reached; raise /)),
      );
      await redis.config('SET', 'maxclients', '1000');
      await hired;
      await moreOf('tick', 2);
    } finally {
      redis.disconnect();
    }
  });

  test('when the two change places, jobs continue on the new primary', async () => {
    fleet.allowErrors(OUTAGE);
    const one = await underLoad();
    const firedAt = slotsOf('fired').length;
    const [sentinel] = group.sentinels;
    if (!sentinel) throw new Error('there are three');

    await ask(sentinel, (redis) => redis.call('SENTINEL', 'FAILOVER', group.name));
    await waitFor('the replica to take over', () => isPrimary(group.replica.port), PATIENT);
    await waitFor('the old one to follow', async () => !(await isPrimary(group.primary.port)), PATIENT);
    await Promise.all(['tick', ...loads].map((job) => moreOf(job, 5)));

    await one.demand('demanded');
    await moreOf('tick', 5);
    expectFlawless();
    expect(slotsOf('demanded')).toEqual([null]);
    expect(slotsOf('fired')).toHaveLength(firedAt);
  });
});
