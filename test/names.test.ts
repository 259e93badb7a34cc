import { Redis } from 'ioredis';
import type Bossman from '../src';
import { caughtUp } from './support/caught-up';
import { connectionOf, makeFleet } from './support/fleet';
import { type RedisServer, startServer } from './support/redis';
import { waitFor } from './support/wait';

const fleet = makeFleet();

const EVERY = 100;
const work = () => {};

const slotsOf = (instance: Bossman, name: string) =>
  fleet.toldBy(instance).start.filter(({ job, slot }) => job === name && slot !== null).length;
const demandsOf = (instance: Bossman, name: string) =>
  fleet.toldBy(instance).start.filter(({ job, slot }) => job === name && slot === null).length;

function slots(instance: Bossman, name: string, more: number): Promise<unknown> {
  const before = slotsOf(instance, name);
  return waitFor(`${more} slots of ${name}`, () => slotsOf(instance, name) >= before + more);
}

function demands(instance: Bossman, name: string, count: number): Promise<unknown> {
  return waitFor(`demand ${count} of ${name}`, () => demandsOf(instance, name) >= count);
}

/** A job runs its slots, takes a demand of its own instance and of another, is fired by the other, and is reported. */
async function canDoAll(name: string, options: Bossman.BossmanOptions = {}): Promise<void> {
  const [worker, other] = [fleet.join(options), fleet.join(options)];
  await worker.hire('witness', { every: EVERY, work });
  await worker.hire(name, { every: EVERY, work });
  await slots(worker, name, 2);
  await worker.demand(name);
  await demands(worker, name, 1);
  await other.demand(name);
  await demands(worker, name, 2);
  await other.fire(name);
  await caughtUp(worker);
  const before = slotsOf(worker, name);
  await slots(worker, 'witness', 3);
  expect({ slots: slotsOf(worker, name), demands: demandsOf(worker, name) }).toEqual({
    slots: before,
    demands: 2,
  });
  await other.demand(name);
  await demands(worker, name, 3);
  expect(fleet.told.start.filter(({ job }) => job !== name && job !== 'witness')).toEqual([]);
  const told = await waitFor('who hires it to say so', async () =>
    (await other.jobs()).find((job) => job.name === name && job.hiredBy.length === 1),
  );
  expect(told).toMatchObject({ fired: true, words: 'every 100 milliseconds', failures: 0 });
  expect((await other.history(name)).filter(({ slot }) => slot !== null).length).toBeGreaterThan(1);
}

describe('a job of any name runs its slots, takes demands, can be fired and is reported:', () => {
  const names = [
    ...['__proto__', 'constructor', 'toString', 'plans', '0'],
    ...['a:b:c', ':', '*', '[a-z]?', '%s %d \\1 %1', '🦉', ' two words \n\tand | a second line \n'],
  ];
  it.each(names)('%j', async (name) => canDoAll(name));
  it('1000 letters', async () => canDoAll('x'.repeat(1000)));
});

it('half a surrogate pair in a name becomes the replacement character, and affects no other job', async () => {
  const worker = fleet.join();
  const names = ['a', 'b\ud800', 'c'];
  await Promise.all(names.map((name) => worker.hire(name, { work })));
  // In one turn, so that they travel together.
  await Promise.all(names.map((name) => worker.demand(name)));
  for (const name of ['a', 'b\ufffd', 'c']) await demands(worker, name, 1);
});

describe('a prefix may be anything, such as', () => {
  it.each(['*', '[ab]?*', ':', '::', ' with spaces\nand lines|', '\\', '{tag}', ':work', ':lock:'])(
    '%j',
    async (end) => canDoAll('a', { prefix: `${fleet.prefix}${end}` }),
  );

  it('an empty one, with a keyPrefix of ioredis', async () => {
    await canDoAll('a', { connection: { ...connectionOf(), keyPrefix: fleet.prefix }, prefix: '' });
  });
});

describe('a planned job called demand:x, and x, are two jobs:', () => {
  async function both() {
    const [worker, other] = [fleet.join(), fleet.join()];
    await worker.hire('x', { work });
    // Who has not hired `demand:x` could take the expiry of its trigger for an original's demand of x.
    await other.hire('x', { work });
    await worker.hire('demand:x', { every: EVERY, work });
    return { worker, demander: fleet.join() };
  }
  const runsOf = (name: string) => fleet.told.start.filter(({ job }) => job === name).length;

  it('slots of demand:x never run x', async () => {
    const { worker } = await both();
    await slots(worker, 'demand:x', 8);
    expect(runsOf('x')).toBe(0);
  });

  it('demands of x run x once each, and do not affect the slots of demand:x', async () => {
    const { worker, demander } = await both();
    await slots(worker, 'demand:x', 1);
    for (const count of [1, 2, 3, 4, 5]) {
      await demander.demand('x');
      await waitFor('the demand', () => runsOf('x') >= count);
    }
    await slots(worker, 'demand:x', 3);
    expect(runsOf('x')).toBe(5);
    const [first = 0, ...others] = fleet.toldBy(worker).start.flatMap(({ slot }) => slot ?? []);
    expect(others.filter((slot) => (slot - first) % EVERY !== 0)).toEqual([]);
  });

  it('a demand of demand:x runs that, not x', async () => {
    const { worker, demander } = await both();
    await demander.demand('demand:x');
    await demands(worker, 'demand:x', 1);
    await slots(worker, 'demand:x', 2);
    expect({ x: runsOf('x'), demanded: demandsOf(worker, 'demand:x') }).toEqual({ x: 0, demanded: 1 });
  });

  it('firing demand:x does not affect demands of x, and firing x does not affect slots of demand:x', async () => {
    const { worker, demander } = await both();
    await demander.fire('x');
    await slots(worker, 'demand:x', 2);
    await demander.fire('demand:x');
    const before = slotsOf(worker, 'demand:x');
    await demander.demand('x');
    await waitFor('the demand', () => runsOf('x') === 1);
    await worker.hire('witness', { every: EVERY, work });
    await slots(worker, 'witness', 3);
    expect(slotsOf(worker, 'demand:x') - before).toBeLessThanOrEqual(1);
    expect(runsOf('x')).toBe(1);
  });
});

describe('separate fleets do not affect each other:', () => {
  /** Two members of different fleets, with the same jobs. */
  async function apart(one: Bossman, two: Bossman, name = 'a'): Promise<void> {
    for (const member of [one, two]) {
      await member.hire(name, { every: EVERY, work });
      await member.hire('witness', { every: EVERY, work });
    }
    await Promise.all([slots(one, name, 4), slots(two, name, 4)]);
    await one.demand(name);
    await demands(one, name, 1);
    await one.fire(name);
    const before = slotsOf(one, name);
    await Promise.all([slots(two, name, 3), slots(one, 'witness', 3)]);
    expect(slotsOf(one, name) - before).toBeLessThanOrEqual(1);
    expect([demandsOf(one, name), demandsOf(two, name)]).toEqual([1, 0]);
    // Each has its own locks. A slot may come due during the run of the demand.
    const locked = (member: Bossman) => fleet.toldBy(member).skip.filter(({ why }) => why === 'locked');
    expect(locked(two)).toEqual([]);
    expect(locked(one).length).toBeLessThanOrEqual(1);
  }

  it('prefixes with the same beginning', async () => {
    const { prefix } = fleet;
    await apart(fleet.join({ prefix }), fleet.join({ prefix: `${prefix}:q` }));
  });

  it('a prefix that is a pattern of the other', async () => {
    const { prefix } = fleet;
    await apart(fleet.join({ prefix: `${prefix}*` }), fleet.join({ prefix: `${prefix}a` }));
  });

  it('keyPrefixes of ioredis', async () => {
    const connection = connectionOf();
    const [one, two] = ['1', '2'].map((n) => ({ ...connection, keyPrefix: `${fleet.prefix}${n}` }));
    await apart(fleet.join({ connection: one }), fleet.join({ connection: two }));
  });

  describe('databases of one server', () => {
    let server: RedisServer;

    beforeEach(async () => {
      server = await startServer();
    });

    afterEach(() => server.stop());

    it('with the same prefix and names', async () => {
      const connection = connectionOf(server.url);
      const [one, two] = [fleet.join({ connection }), fleet.join({ connection: { ...connection, db: 1 } })];
      await apart(one, two);
      const redis = new Redis(server.url);
      expect(await redis.zscore(`${fleet.prefix}:due`, 'a')).toMatch(/^1\d{15}/);
      await redis.select(1);
      expect(await redis.zscore(`${fleet.prefix}:due`, 'a')).toMatch(/^\d{13}$/);
      redis.disconnect();
      await Promise.all([one.quit(), two.quit()]);
    });
  });

  it('a keyPrefix and a prefix that together make the same keys are one fleet', async () => {
    const [start, end] = [fleet.prefix.slice(0, 6), fleet.prefix.slice(6)];
    const other = fleet.join({ connection: { ...connectionOf(), keyPrefix: start }, prefix: end });
    const worker = fleet.join();
    await worker.hire('a', { every: EVERY, work });
    await other.demand('a');
    await demands(worker, 'a', 1);
    await other.hire('a', { every: EVERY, work });
    const begun = fleet.told.start.length;
    await waitFor('more slots', () => fleet.told.start.length >= begun + 4);
    const ran = fleet.told.start.flatMap(({ slot }) => slot ?? []);
    expect(new Set(ran).size).toBe(ran.length);
  });
});
