import { Redis } from 'ioredis';
import Bossman from '../../src';
import { type RedisServer, startServer } from '../support/redis';
import { delay, waitFor } from '../support/wait';

/** What the tests of the original assert: of version 1.2.0, in its words where they are code that a user writes. */
describe('what the integration tests of the original assert holds:', () => {
  let server: RedisServer;
  let boss: Bossman;
  let other: Bossman;
  let ran: string[];
  const work = () => void ran.push('work');

  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  beforeEach(() => {
    ran = [];
    const connection = { host: '127.0.0.1', port: server.port, db: 3 };
    [boss, other] = [new Bossman({ connection }), new Bossman({ connection })];
  });
  // As long as its instances live, so do its plans: all tests share a prefix and a database, as those of the original do.
  afterEach(() => Promise.all([boss.quit(), other.quit()]));

  const ranOnce = () => waitFor('a run', () => ran.length > 0);

  it('scheduled work is run', async () => {
    boss.hire('scheduled', { every: '200 ms', work });
    await ranOnce();
  });

  it('QAs are run before scheduled work, and next() resolves after it', async () => {
    boss.qa((_name, _definition, next) => {
      ran.push('before');
      // As there, the QA does not wait for it.
      void next().then(() => ran.push('after'));
    });
    boss.hire('qas', { every: '200 ms', work });
    await waitFor('a whole run', () => ran.includes('after'));
    expect(ran.slice(0, 3)).toEqual(['before', 'work', 'after']);
  });

  it.each([
    ['hired 50 times by one instance', () => [boss]],
    ['hired 50 times by each of two', () => [boss, other]],
  ])('work is run once per interval, %s', async (_, instances) => {
    const slots: (number | null)[] = [];
    for (let count = 0; count < 50; count += 1) {
      for (const one of instances()) {
        one.hire('one', { every: '200 ms', work: ({ slot }) => void slots.push(slot) });
      }
    }
    await waitFor('some runs', () => slots.length >= 3);
    expect(slots).toEqual([...new Set(slots)]);
  });

  it('a task that is fired is not run', async () => {
    boss.hire('fired', { every: '200 ms', work });
    boss.fire('fired');
    await delay(1000);
    expect(ran).toEqual([]);
  });

  it('every is not required', async () => {
    boss.hire('demanded', { work });
    boss.demand('demanded');
    await ranOnce();
  });

  it('other keys that expire are ignored', async () => {
    const redis = new Redis(server.port, { db: 3 });
    const warned = jest.spyOn(process, 'emitWarning');
    await redis.set('some-other-key', 'val', 'PX', 1);
    await redis.quit();
    await delay(100);
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
  });

  it('a job that has a plan can be demanded, too', async () => {
    boss.hire('both', { every: '200 ms', work });
    boss.demand('both');
    await waitFor('two runs', () => ran.length >= 2);
  });

  it.each([
    ['a name with colons', 'something:with:colons', { every: '200 ms' }],
    ['a cron pattern with seconds', 'cronjob', { cron: '*/1 * * * * *' }],
    ['a number for every', 'numeric', { every: 200 }],
  ])('%s is understood', async (_, name, plan) => {
    boss.hire(name, { ...plan, work });
    await ranOnce();
  });

  it('an every of the wrong type throws', () => {
    // @ts-expect-error: neither a number nor a phrase
    expect(() => boss.hire('throws', { every: {} })).toThrow();
    // @ts-expect-error: the same, where nothing else is missing
    expect(() => boss.hire('throws', { every: {}, work })).toThrow(/every/);
  });
});

describe('what the unit tests of the original assert holds:', () => {
  let server: RedisServer;
  let boss: Bossman | undefined;

  beforeEach(async () => {
    server = await startServer();
  });
  afterEach(async () => {
    await boss?.quit();
    await server.stop();
  });

  /** The CONFIG commands that Redis was sent when the instance had answered. */
  async function configured(options: Bossman.BossmanOptions): Promise<number> {
    const redis = new Redis(server.port);
    boss = new Bossman({ connection: { host: '127.0.0.1', port: server.port, db: 4 }, ...options });
    await boss.jobs();
    const [line] = (await redis.info('commandstats')).match(/cmdstat_config\|set:calls=\d+/) ?? [];
    await redis.quit();
    return Number(line?.split('=')[1] ?? 0);
  }

  it('an instance has the defaults, and sets what Redis notifies', async () => {
    expect(await configured({})).toBe(1);
    expect(boss).toBeInstanceOf(Bossman);
    expect([boss?.prefix, boss?.ttl, boss?.tz, boss?.qas]).toEqual(['bossman', 2000, undefined, []]);
  });

  it('an instance has the options that it was given, and with disableRedisConfig sends no CONFIG', async () => {
    const given = { ttl: 101, prefix: 'p', tz: 'Europe/Helsinki' };
    expect(await configured({ ...given, disableRedisConfig: true })).toBe(0);
    expect({ ttl: boss?.ttl, prefix: boss?.prefix, tz: boss?.tz }).toEqual(given);
  });

  it('qa adds to the array qas, which every run uses', async () => {
    const instance = new Bossman({ connection: server.port });
    boss = instance;
    const [first, second] = [() => {}, () => {}];
    instance.qa(first);
    instance.qa(second);
    expect(instance.qas).toEqual([first, second]);
    instance.qas.splice(0, 2, (_name, _definition, next) => next());
    let runs = 0;
    instance.hire('job', { work: () => (runs += 1) });
    instance.demand('job');
    await waitFor('the run', () => runs === 1);
  });
});

it('the class is the same for CommonJS and ES modules', () => {
  expect(require('../../src').default).toBe(Bossman);
});
