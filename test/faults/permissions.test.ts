import { Redis } from 'ioredis';
import { caughtUp } from '../support/caught-up';
import { makeFaultyFleet } from '../support/faults';
import { FLAWLESS, flawsOf } from '../support/flaws';
import { delay, waitFor } from '../support/wait';

const fleet = makeFaultyFleet();
const work = () => {};

const LOGIN = { username: 'app', password: 'secret' };

/** Makes the user `app`, who may do just that. */
async function allowOnly(...rules: string[]): Promise<void> {
  await fleet.redis.call('ACL', 'SETUSER', 'app', 'reset', 'on', '>secret', ...rules);
}

/** Every command that is sent, or called by a script. */
const NEEDED =
  '+eval +evalsha +time +get +set +del +exists +pttl +pexpire +hget +hmget +hset +hdel +hrandfield +zadd +zscore +zrem +zrangebyscore +subscribe +publish +pubsub|numsub +info'.split(
    ' ',
  );

/** What is used besides to look at the fleet and at what it did. */
const NEEDED_TO_LOOK = '+zscan +hscan +mget +xrevrange +xadd +hlen +hkeys'.split(' ');

const keysAndChannels = () => [
  `~${fleet.prefix}:*`,
  'resetchannels',
  `&${fleet.prefix}:bell:0`,
  '&__keyevent@0__:expired',
];

async function flags(): Promise<string> {
  const [, value] = (await fleet.redis.config('GET', 'notify-keyspace-events')) as string[];
  return [...(value ?? '')].sort().join('');
}

const demandRuns = () => fleet.told.start.filter(({ demandedAt }) => demandedAt !== null).length;

describe('a user who may not use CONFIG', () => {
  it('is reported once, also for later connections; slots and demands of other instances run', async () => {
    fleet.allowErrors(/^CONNECTION/);
    fleet.allowErrors(/^NOTIFICATIONS: may not use CONFIG \(NOPERM.*disableRedisConfig/);
    await allowOnly('~*', '&*', '+@all', '-config');
    const [fred, other] = [fleet.join({}, LOGIN), fleet.join({}, LOGIN)];
    await fred.hire('tick', { every: 100, work });
    await fred.hire('wanted', { work });
    await fleet.heardBy(2);
    for (let round = 1; round <= 3; round += 1) {
      await other.demand('wanted');
      await waitFor('the run', () => demandRuns() === round);
      await fleet.killConnections('normal');
      await fleet.ticks('tick', 3);
    }
    expect(await flags()).toBe('');
    expect(flawsOf(fleet.told, 'tick', 100)).toEqual(FLAWLESS);
    for (const instance of [fred, other]) {
      expect(fleet.toldBy(instance).error.filter((error) => /CONFIG/.test(error))).toHaveLength(1);
    }
  });
});

describe('a user with only the keys and channels of its prefix', () => {
  it.each([
    ['all commands but the dangerous', ['+@all', '-@dangerous', '+info']],
    ['no command but those that are used', [...NEEDED, ...NEEDED_TO_LOOK]],
  ])('and %s can do everything, without errors', async (_, commands) => {
    const warned = jest.spyOn(console, 'warn').mockReturnValue();
    await allowOnly(...keysAndChannels(), ...commands);
    const connection = { ...LOGIN, port: fleet.server.port, host: '127.0.0.1' };
    const options = { disableRedisConfig: true, recover: true };
    const [fred, other] = [fleet.join(options, LOGIN), fleet.join(options, LOGIN)];
    const stranger = new Redis({ ...connection, lazyConnect: true });
    await expect(stranger.get('elsewhere')).rejects.toThrow(/NOPERM/);
    stranger.disconnect();

    await fred.hire('tick', { every: 100, work });
    await fred.hire('cron', { cron: '* * * * * *', work });
    await fred.hire('kept', { keepAlive: true, ttl: 2000, work: () => delay(2500) });
    await fred.hire('wanted', { work });
    await other.hire('tick', { every: 100, work });
    await fleet.heardBy(2);
    await other.demand('wanted');
    await fred.demand('kept');
    await waitFor('a renewed lock, a demand of another, and a cron slot', () =>
      ['kept', 'wanted', 'cron'].every((name) => fleet.told.finish.some(({ job }) => job === name)),
    );
    await fleet.ticks('tick', 5);
    expect(flawsOf(fleet.told, 'tick', 100)).toEqual(FLAWLESS);
    expect(await other.fleet()).toHaveLength(2);
    const names = (await fred.jobs()).filter(({ runs, hiredBy }) => runs > 0 && hiredBy.length > 0);
    expect(names.map(({ name }) => name)).toEqual(['cron', 'kept', 'tick', 'wanted']);
    expect(await fred.history('wanted')).toHaveLength(1);
    await other.fire('tick');
    await fleet.killConnections('pubsub');
    await fleet.heardBy(2);
    expect(fleet.told.lost).toEqual([]);
    expect(fleet.told.error).toEqual([]);
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
  });
});

describe('a user without the rights for inspection', () => {
  it('gets an error when it inspects, and runs each slot and demand without errors', async () => {
    fleet.allowErrors(/^COMMAND: (jobs|history of 'tick') failed: NOPERM/);
    await allowOnly(...keysAndChannels(), ...NEEDED);
    const options = { disableRedisConfig: true, recover: true };
    const fred = fleet.join(options, LOGIN);
    await fred.hire('tick', { every: 100, work });
    await fleet.ticks('tick', 5);
    await fred.demand('tick');
    await waitFor('the run', () => demandRuns() === 1);
    await fleet.ticks('tick', 2);
    expect(flawsOf(fleet.told, 'tick', 100)).toEqual(FLAWLESS);
    expect(fleet.told.error).toEqual([]);
    await expect(fred.jobs()).rejects.toMatchObject({ code: 'COMMAND' });
    await expect(fred.history('tick')).rejects.toMatchObject({ code: 'COMMAND' });
  });
});

describe('a user without channels', () => {
  it('gets one report for each; two instances run each slot once, and a job that either fires stays fired', async () => {
    fleet.allowErrors(/^NOTIFICATIONS: cannot subscribe/);
    // What is written to a connection that was killed.
    fleet.allowErrors(/^CONNECTION/);
    await allowOnly('~*', 'resetchannels', '+@all');
    const [fred, other] = [fleet.join({}, LOGIN), fleet.join({}, LOGIN)];
    for (const instance of [fred, other]) await instance.hire('tick', { every: 100, work });
    await fleet.ticks('tick', 10);
    await fleet.killConnections('normal');
    await fleet.ticks('tick', 10);
    expect(flawsOf(fleet.told, 'tick', 100)).toEqual(FLAWLESS);
    for (const instance of [fred, other]) {
      const told = fleet.toldBy(instance).error.filter((error) => !error.startsWith('CONNECTION'));
      expect(told.sort()).toEqual([
        expect.stringContaining('__keyevent@0__:expired'),
        expect.stringContaining(`${fleet.prefix}:bell:0`),
      ]);
    }
    await other.fire('tick');
    await caughtUp(fred, other);
    const slots = fleet.slotsOf('tick').length;
    await delay(500);
    expect(fleet.slotsOf('tick')).toHaveLength(slots);
  });

  it('runs a demand of another instance at the latest when the next slot of the job has run', async () => {
    fleet.allowErrors(/^NOTIFICATIONS: cannot subscribe/);
    await allowOnly('~*', 'resetchannels', '+@all');
    const [fred, other] = [fleet.join({}, LOGIN), fleet.join({}, LOGIN)];
    await fred.hire('job', { every: 1000, work });
    await other.demand('job');
    await waitFor('the run', () => demandRuns() > 0);
    await fleet.ticks('job', 1);
    expect(demandRuns()).toBe(1);
  });

  it('runs a demand of another instance even if the job has no slots', async () => {
    fleet.allowErrors(/^NOTIFICATIONS: cannot subscribe/);
    await allowOnly('~*', 'resetchannels', '+@all');
    const [fred, other] = [fleet.join({}, LOGIN), fleet.join({}, LOGIN)];
    await fred.hire('job', { work });
    await other.demand('job');
    await waitFor('the run', () => demandRuns() > 0);
    // Within its ttl, 2 s, and what a busy machine adds to that.
    expect(fleet.told.start[0]?.lateness).toBeLessThan(3 * 2000);
  });
});

describe('the notifications that other applications have switched on', () => {
  it.each([
    ['', 'Ex'],
    ['Klg', 'EKglx'],
    ['KEA', 'AEK'],
    ['Kx', 'EKx'],
  ])('stay on: %p becomes %p', async (before, after) => {
    await fleet.redis.config('SET', 'notify-keyspace-events', before);
    const kept = await flags();
    await fleet.join().hire('job', { work });
    await waitFor('ours to be there', async () => /E/.test(await flags()) && /[xA]/.test(await flags()));
    expect(await flags()).toBe(after);
    for (const flag of kept) expect(await flags()).toContain(flag);
  });
});

describe('a wait of more days than a timer can hold', () => {
  /** Half of it, the shortest wait between two requests, is still more than the 25 days of a timer. */
  const TTL = 60 * 86_400_000;

  it('causes no storm of requests from an instance that may not subscribe to the bell', async () => {
    fleet.allowErrors(/NOPERM/);
    await allowOnly('~*', '+@all', 'resetchannels');
    const fred = fleet.join({ ttl: TTL }, LOGIN);
    await fred.hire('yearly', { every: '1 year', work });
    const scripts = async () => {
      const stats = await fleet.redis.info('commandstats');
      return Number(/^cmdstat_evalsha:calls=(\d+)/m.exec(stats)?.[1] ?? 0);
    };
    await waitFor('the refusal', () => fleet.told.error.length > 0);
    const before = await scripts();
    await delay(500);
    expect((await scripts()) - before).toBeLessThan(20);
  });
});
