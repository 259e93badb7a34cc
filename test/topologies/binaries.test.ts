import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { caughtUp } from '../support/caught-up';
import { FLAWLESS, flawsAfterLoss, flawsOf } from '../support/flaws';
import { makeFleet } from '../support/fleet';
import { type RedisServer, startServer } from '../support/redis';
import { delay, waitFor } from '../support/wait';

/** All servers on PATH, under names such as `redis-server 7.0.15`; where there is none, the one that can be had. */
function findBinaries(): [name: string, path: string | undefined][] {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const found = ['redis-server', 'valkey-server'].flatMap((server): [string, string][] => {
    const path = folders.map((folder) => join(folder, server)).find((candidate) => existsSync(candidate));
    if (path === undefined) return [];
    const version = /\bv=(\S+)/.exec(execFileSync(path, ['--version'], { encoding: 'utf8' }))?.[1];
    return [[`${basename(path)} ${version}`, path]];
  });
  return found.length > 0 ? found : [['a server that was not on PATH', undefined]];
}

describe.each(findBinaries())('on %s', (_name, binary) => {
  const fleet = makeFleet();
  let server: RedisServer;
  beforeEach(async () => {
    server = await startServer(binary === undefined ? {} : { binary });
  });
  afterEach(() => server.stop());

  const join = () => fleet.join({ connection: { port: server.port, retryStrategy: () => 20 } });
  const finished = (job: string) => fleet.told.finish.filter((run) => run.job === job).length;
  const moreOf = async (job: string, count: number) => {
    const before = finished(job);
    await waitFor(`${count} more of ${job}`, () => finished(job) >= before + count);
  };

  test('slots are run once each, on the grid', async () => {
    for (const one of [join(), join(), join()]) await one.hire('tick', { every: 100, work() {} });
    await moreOf('tick', 10);
    expect(flawsOf(fleet.told, 'tick', 100)).toEqual(FLAWLESS);
  });

  test('the demand of another instance is run once', async () => {
    for (const one of [join(), join()]) await one.hire('job', { work() {} });
    const other = join();
    for (let count = 1; count <= 5; count += 1) {
      await other.demand('job');
      await waitFor('its run', () => finished('job') === count);
    }
    expect(fleet.told.start).toHaveLength(5);
  });

  test('a fired job is not run until it is hired again', async () => {
    const [one, other] = [join(), join()];
    for (const instance of [one, other]) await instance.hire('job', { every: 100, work() {} });
    await moreOf('job', 2);
    await one.fire('job');
    await caughtUp(one, other);
    const { length } = fleet.told.start;
    await delay(400);
    expect(fleet.told.start).toHaveLength(length);
    await other.hire('job', { every: 100, work() {} });
    await moreOf('job', 2);
  });

  test('when it comes back empty, plans continue where they were, and fired jobs stay fired', async () => {
    fleet.allowErrors(/^CONNECTION/);
    const [one, other] = [join(), join()];
    for (const instance of [one, other]) {
      await instance.hire('tick', { every: 100, work() {} });
      await instance.hire('fired', { every: 100, work() {} });
    }
    await moreOf('fired', 1);
    await one.fire('fired');
    await moreOf('tick', 3);
    const fired = finished('fired');

    await server.kill();
    await server.start();
    await moreOf('tick', 5);
    expect(flawsAfterLoss(fleet, 'tick', 100)).toEqual(FLAWLESS);
    expect(finished('fired')).toBe(fired);
  });
});
