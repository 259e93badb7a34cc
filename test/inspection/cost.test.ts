import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { scripts } from '../../src/scripts/generated';
import { caughtUp } from '../support/caught-up';
import { makeFaultyFleet } from '../support/faults';
import { FLAWLESS, flawsOf } from '../support/flaws';
import { delay, PATIENCE, waitFor } from '../support/wait';

let stopWatching = () => {};
/** Before the server is gone. */
afterEach(() => stopWatching());

const fleet = makeFaultyFleet();
const work = () => {};

const VERBS = new Map(
  Object.entries(scripts).map(([verb, text]) => [createHash('sha1').update(text).digest('hex'), verb]),
);

/** What clients send from here on: a script by its verb. Not what scripts call inside. */
async function watchRequests(): Promise<{ verb: string; words: number }[]> {
  const requests: { verb: string; words: number }[] = [];
  // By hand, as ioredis' own monitor is lost when a command is seen at the very moment at which it begins.
  const monitor = connect(fleet.server.port, '127.0.0.1');
  createInterface(monitor).on('line', (line) => {
    const [, source, sent = ''] = /^\+\S+ \[\d+ (\S+)\] (.*)$/.exec(line) ?? [];
    if (source === undefined || source === 'lua') return;
    const [command = '', ...args] = (sent.match(/"(?:[^"\\]|\\.)*"/g) ?? []).map((word) => word.slice(1, -1));
    requests.push({ verb: VERBS.get(args[0] ?? '') ?? command.toLowerCase(), words: args.length });
  });
  stopWatching = () => void monitor.destroy();
  monitor.write('MONITOR\r\n');
  await once(monitor, 'data');
  return requests;
}

describe('while nobody inspects the fleet', () => {
  it('a run costs a claim and a settle, and nothing else', async () => {
    const fred = fleet.join();
    await fred.hire('tick', { every: 100, work });
    await fleet.ticks('tick', 3);
    const requests = await watchRequests();
    const before = fleet.slotsOf('tick').length;
    await fleet.ticks('tick', 10);
    stopWatching();
    const runs = fleet.slotsOf('tick').length - before;
    const settles = requests.filter(({ verb }) => verb === 'settle').length;
    const claims = requests.filter(({ verb }) => verb === 'claim').length;
    // Of the first run and the last, one request may lie outside of what was watched.
    expect(Math.abs(settles - runs)).toBeLessThanOrEqual(1);
    expect(claims).toBeGreaterThanOrEqual(runs - 1);
    expect(claims + settles).toBe(requests.length);
    expect(flawsOf(fleet.told, 'tick', 100)).toEqual(FLAWLESS);
  });

  it('an idle instance sends nothing, nor does one that was inspected before', async () => {
    const [fred, other] = [fleet.join(), fleet.join()];
    for (const instance of [fred, other]) await instance.hire('job', { every: '1 hour', work });
    await fleet.heardBy(2);
    expect(await fred.fleet()).toHaveLength(2);
    await fred.jobs();
    // Both have looked around since they began to listen.
    await caughtUp(fred, other);
    const requests = await watchRequests();
    await delay(2000);
    expect(requests).toEqual([]);
  });
});

describe('with 10,000 jobs', () => {
  it('jobs() answers quickly, with small requests', async () => {
    const [fred, other] = [fleet.join(), fleet.join()];
    const names = Array.from({ length: 10_000 }, (_, index) => `a job with a longer name ${index}`);
    for (const instance of [fred, other]) {
      await Promise.all(names.map((name) => instance.hire(name, { every: '1 hour', work })));
    }
    await fleet.heardBy(2);
    // Some 400 ms of CPU for both instances. That it does not wait for one answer after the other shows below, by the
    // number of its requests.
    const before = process.cpuUsage();
    const jobs = await fred.jobs();
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(5000);
    expect(jobs).toHaveLength(10_000);
    const complete = jobs.filter(
      ({ hiredBy, orphaned, nextSlot }) => hiredBy.length === 2 && !orphaned && nextSlot,
    );
    expect(complete).toHaveLength(10_000);

    const requests = await watchRequests();
    await fred.jobs();
    const locks = () => requests.filter(({ verb }) => verb === 'mget');
    await waitFor('the last of them to be seen', () => locks().length >= names.length / 500);
    const verbs = new Set(requests.map(({ verb }) => verb));
    for (const verb of ['publish', 'present', 'hlen', 'hkeys', 'hget', 'del', 'zscan', 'hscan', 'mget']) {
      expect(verbs).toContain(verb);
      verbs.delete(verb);
    }
    expect([...verbs]).toEqual([]);
    const pages = requests.filter(({ verb }) => /scan|mget/.test(verb));
    expect(pages.length).toBeGreaterThan(40);
    expect(requests.length).toBeLessThan(names.length / 50);
    expect(Math.max(...pages.map(({ words }) => words))).toBeLessThanOrEqual(500);
  }, 180_000);
});

describe('processes', () => {
  it('answer the roll call, except for one that is frozen, which does not delay it for long', async () => {
    const fred = fleet.join();
    const jobs = { tick: { every: 60_000 }, wanted: {} };
    const [one] = [await fleet.spawn({ jobs }), await fleet.spawn({ jobs })];
    await fleet.heardBy(3);
    const present = async (count: number) => {
      const all = await fred.fleet();
      return all.length === count ? all : null;
    };
    const all = await waitFor('all to answer', () => present(3));
    expect(new Set(all.map(({ pid }) => pid)).size).toBe(3);
    expect(all.filter((instance) => instance.jobs.length === 2)).toHaveLength(2);
    // Who stands still for longer than a roll call waits is absent from it.
    const hirers = async () => (await fred.jobs()).map(({ name, hiredBy }) => `${name}: ${hiredBy.length}`);
    await waitFor('both to be known as hirers', async () => String(await hirers()) === 'tick: 2,wanted: 2');
    one?.freeze();
    const askedAt = performance.now();
    await fred.fleet();
    // Some 600 ms; one that waited for the frozen would wait for ever.
    expect(performance.now() - askedAt).toBeLessThan(PATIENCE);
    await waitFor('the others to answer', () => present(2));
    one?.thaw();
    await waitFor('it to answer again', () => present(3));
    await one?.kill();
    await waitFor('it to be gone', () => present(2));
  });
});
