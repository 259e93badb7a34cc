import { Redis } from 'ioredis';
import Bossman from '../../src';
import { runScript } from '../support/child';
import { makeFleet } from '../support/fleet';
import { joinOriginal } from '../support/original';
import { type RedisServer, startServer } from '../support/redis';
import { waitFor } from '../support/wait';

const fleet = makeFleet();

const MAKE = "const fred = new Bossman({ connection, prefix: 'bossman:', ttl: 2000 });";
const HIRE = "fred.hire('engineers', { every: '10 minutes', work: () => { console.log('worked'); } });";
const THE_REST = `
  fred.demand('engineers');
  fred.qa((jobName, jobDefinition, next) => {
    return next();
  });
  fred.fire('engineers');
  fred.quit();`;

describe('code that was written for the original runs unchanged:', () => {
  let server: RedisServer;
  let redis: Redis;

  beforeEach(async () => {
    server = await startServer();
    redis = new Redis(server.url);
  });

  afterEach(async () => {
    redis.disconnect();
    await server.stop();
  });

  it('its README example runs the demand, or leaves it to the next instance, and exits without a warning', async () => {
    for (const round of [1, 2]) {
      const { code, lines, stderr } = await runScript(MAKE + HIRE + THE_REST, server.url);
      const demand = await redis.hget('bossman::demands', 'engineers');
      expect({ round, code, stderr }).toEqual({ round, code: 0, stderr: '' });
      expect(lines[0] ?? demand).toMatch(/^worked$|^noted\|/);
      expect(lines.length).toBeLessThanOrEqual(1);
    }
    expect(await redis.exists('bossman::work:engineers')).toBe(0);
  });

  it('without its hire, the README example leaves the demand, and the next instance runs it once', async () => {
    const { code, lines, stderr } = await runScript(MAKE + THE_REST, server.url);
    expect({ code, lines, stderr }).toEqual({ code: 0, lines: [], stderr: '' });
    const { port } = server;
    const next = fleet.join({ connection: { host: '127.0.0.1', port }, prefix: 'bossman:' });
    let runs = 0;
    await next.hire('engineers', { work: () => (runs += 1) });
    await waitFor('the demand', () => fleet.told.finish.length === 1);
    await next.quit();
    expect(runs).toBe(1);
  });

  it('a service with cron, tz, an interval as a number and disableRedisConfig', async () => {
    const { port } = server;
    const options = { connection: { host: '127.0.0.1', port }, tz: 'Asia/Tokyo', disableRedisConfig: true };
    const [service, other] = [new Bossman(options), new Bossman(options)];
    const ran: string[] = [];
    const jobs = { clock: { cron: '* * * * * *' }, pulse: { every: 250 }, chore: {} };
    for (const [name, plan] of Object.entries(jobs)) {
      service.hire(name, { ...plan, work: () => void ran.push(name) });
    }
    service.qa((_name, _definition, next) => next());
    other.demand('chore');
    const times = (name: string) => ran.filter((run) => run === name).length;
    await waitFor('all to run', () => times('clock') >= 2 && times('pulse') >= 4 && times('chore') >= 1);
    expect(times('chore')).toBe(1);
    expect(await redis.config('GET', 'notify-keyspace-events')).toEqual(['notify-keyspace-events', '']);
    expect(await redis.hget('bossman:plans', 'clock')).toContain('|cron * * * * * * Asia/Tokyo|');
    await Promise.all([service.quit(), other.quit()]);
  });
});

it('an original and a new instance compute the same time from a cron pattern and a zone', async () => {
  const [cron, tz] = ['30 4 * * *', 'Asia/Tokyo'];
  const old = await joinOriginal(fleet, { tz });
  old.hire('a', { cron, work: () => {} });
  const rest = () => fleet.redis.pttl(`${fleet.prefix}:work:a`);
  const ms = await waitFor('its trigger', async () => Math.max(0, await rest()));
  const expires = Date.now() + ms;
  const prefix = `${fleet.prefix}:new`;
  await fleet.join({ tz, prefix }).hire('a', { cron, work: () => {} });
  const slot = Number(await fleet.redis.zscore(`${prefix}:due`, 'a'));
  expect(new Date(slot).toISOString()).toMatch(/T19:30:00.000Z$/);
  expect(Math.abs(slot - expires)).toBeLessThan(60_000);
});
