import { Redis } from 'ioredis';
import { runScript } from '../support/child';
import { Door } from '../support/door';
import { makeFleet } from '../support/fleet';
import { startServer, testUrl } from '../support/redis';
import { delay, waitFor } from '../support/wait';

const fleet = makeFleet();

/** Makes the slots of jobs that are stored come due at the same time, `inMs` from now. Returns that time. */
async function allDue(names: string[], inMs: number, redis = fleet.redis): Promise<number> {
  const [seconds = 0, us = 0] = (await redis.time()).map(Number);
  const slot = seconds * 1000 + Math.floor(us / 1000) + inMs;
  await redis.zadd(`${fleet.prefix}:due`, ...names.flatMap((name) => [slot, name]));
  return slot;
}

/** Commands that Redis has carried out, those of scripts included. */
async function commands(redis: Redis): Promise<number> {
  return Number(/total_commands_processed:(\d+)/.exec(await redis.info('stats'))?.[1]);
}

interface Ran {
  job: string;
  slot: number;
  going: number;
}

/** A process that hires the jobs with `concurrency: 20`, and reports each run with the number of runs in progress. */
function join(jobs: number, onRun: (ran: Ran) => void) {
  let quit = () => {};
  let isReady = false;
  const exit = runScript(
    `const fred = new Bossman({ connection, prefix: '${fleet.prefix}', concurrency: 20 });
     let going = 0;
     const work = async ({ job, slot }) => {
       going += 1;
       console.log(JSON.stringify({ job, slot, going }));
       await new Promise((resolve) => setTimeout(resolve, 10));
       going -= 1;
     };
     fred.on('error', (error) => console.log(JSON.stringify({ error: String(error) })));
     fred.on('skip', (event) => console.log(JSON.stringify({ error: event })));
     const hires = Array.from({ length: ${jobs} }, (_, n) => fred.hire('job ' + n, { every: '1 hour', ttl: 20_000, work }));
     Promise.all(hires).then(() => console.log('"ready"'));
     process.on('SIGTERM', () => fred.quit());`,
    testUrl(),
    (line, child) => {
      quit = () => child.kill('SIGTERM');
      const told = JSON.parse(line);
      if (told === 'ready') isReady = true;
      else onRun(told);
    },
  );
  return {
    ready: waitFor('a process to have hired', () => isReady),
    quit() {
      quit();
      return exit;
    },
  };
}

it('2,000 jobs that are due at once run once each, on two instances with 20 places, and never more than 20 in either', async () => {
  const names = Array.from({ length: 2000 }, (_, n) => `job ${n}`);
  const first = fleet.join();
  await Promise.all(names.map((name) => first.hire(name, { every: '1 hour', work() {} })));
  await first.quit();
  const slot = await allDue(names, 8000);
  const ran: Ran[][] = [[], []];
  const members = ran.map((own) => join(names.length, (run) => own.push(run)));
  await Promise.all(members.map(({ ready }) => ready));
  const count = () => ran.flat().length;
  await waitFor('all to have run', () => count() >= names.length);
  const exits = await Promise.all(members.map((member) => member.quit()));
  expect(exits.map(({ code }) => code)).toEqual([0, 0]);
  expect(
    ran
      .flat()
      .map(({ job }) => job)
      .sort(),
  ).toEqual([...names].sort());
  expect(new Set(ran.flat().map((run) => run.slot))).toEqual(new Set([slot]));
  for (const own of ran) {
    expect(own.length).toBeGreaterThan(200);
    expect(Math.max(...own.map(({ going }) => going))).toBe(20);
  }
}, 60_000);

describe('a full instance', () => {
  it('leaves due slots and demands to another instance', async () => {
    const slots = Array.from({ length: 10 }, (_, n) => `slot ${n}`);
    const demands = Array.from({ length: 10 }, (_, n) => `demand ${n}`);
    const before = fleet.join();
    for (const name of slots) await before.hire(name, { every: '1 hour', work() {} });
    await before.quit();
    const door = new Door();
    const fred = fleet.join({ concurrency: 1 });
    await fred.hire('long', { work: door.work, ttl: 20_000 });
    await fred.demand('long');
    await waitFor('the long run', () => door.going === 1);
    // Far enough ahead for both to have hired before.
    const slot = await allDue(slots, 1500);
    const barney = fleet.join();
    for (const name of slots) await fred.hire(name, { every: '1 hour', work: door.work });
    for (const name of demands) await fred.hire(name, { work: door.work });
    for (const name of slots) await barney.hire(name, { every: '1 hour', work() {} });
    for (const name of demands) await barney.hire(name, { work() {} });
    await waitFor('both to listen', async () => (await fleet.listeners()) === 2);
    for (const name of demands) await fred.demand(name);
    await waitFor('all to have run', () => fleet.told.finish.length === 20);
    expect(fleet.toldBy(fred).start.map(({ job }) => job)).toEqual(['long']);
    const ran = fleet.toldBy(barney).finish;
    expect(ran.map(({ job }) => job).sort()).toEqual([...demands, ...slots].sort());
    expect(ran.filter((run) => run.slot === slot)).toHaveLength(10);
    expect(door.most).toBe(1);
    door.open();
  });

  it('lets another instance continue a plan for which it went first', async () => {
    const door = new Door();
    const fred = fleet.join({ concurrency: 1 });
    await fred.hire('long', { work: door.work, ttl: 20_000 });
    await fred.hire('tick', { every: 100, work() {} });
    await waitFor('slots', () => fleet.told.finish.length >= 3);
    await fred.demand('long');
    await waitFor('the long run', () => door.going === 1);
    const until = fleet.told.start.length;
    const barney = fleet.join({ concurrency: 1 });
    await barney.hire('tick', { every: 100, work() {} });
    await waitFor('more slots', () => fleet.told.start.length >= until + 5);
    expect(fleet.toldBy(barney).start.length).toBeGreaterThanOrEqual(5);
    expect(fleet.toldBy(fred).start.length).toBe(until);
    door.open();
  });

  it('keeps no job waiting for another that is due again before it has ended', async () => {
    const fred = fleet.join({ concurrency: 1 });
    const ran = (name: string) => fleet.told.finish.filter(({ job }) => job === name).length;
    await fred.hire('long', { every: 100, ttl: 20_000, work: () => delay(150) });
    await waitFor('it to go first', () => ran('long') >= 2);
    await fred.hire('short', { every: 300, work() {} });
    await waitFor('both to go on', () => ran('short') >= 3);
    expect(ran('long')).toBeGreaterThanOrEqual(4);
  });

  it('runs what waits in the order in which it fell due, also when the plans are checked meanwhile', async () => {
    const door = new Door();
    const fred = fleet.join({ concurrency: 1 });
    // It has the plan of the job that fred goes first with.
    await fred.hire('first', { every: 900, work() {} });
    await waitFor('a slot', () => fleet.told.finish.length === 1);
    for (const [name, every] of Object.entries({ a: 500, b: 400, c: 300, d: 200 }))
      await fred.hire(name, { every, work: door.work, ttl: 20_000 });
    await fred.hire('long', { work: door.work, ttl: 20_000 });
    await fred.demand('long');
    await waitFor('the long run', () => door.going === 1);
    await waitFor('all to be due', async () =>
      (await fred.jobs()).every(({ name, overdue }) => name === 'long' || overdue),
    );
    // The bell of another's hire has each looked at, in another order.
    const barney = 'b'.repeat(16);
    for (const name of ['c', 'first', 'a', 'd', 'b'])
      await fleet.redis.publish(`${fleet.prefix}:bell:0`, `armed ${barney} 1 ${name}`);
    await delay(300);
    const opening = setInterval(() => door.open(), 5);
    await waitFor('each to have run', () => new Set(fleet.told.start.map(({ job }) => job)).size === 6);
    clearInterval(opening);
    door.open();
    const late = fleet.told.start.slice(2, 7).map(({ slot }) => slot ?? 0);
    expect(late).toEqual([...late].sort((a, b) => a - b));
  });

  it('lets slots and demands wait for a place, however late, and sends nothing meanwhile', async () => {
    const door = new Door();
    // Commands are counted, so nobody else may send any.
    const server = await startServer();
    fleet.afterwards(() => server.stop());
    const redis = new Redis(server.url);
    fleet.afterwards(() => redis.quit());
    const options = { connection: server.url, concurrency: 2 };
    const fred = fleet.join(options);
    const names = ['a', 'b', 'c', 'd'];
    for (const name of names)
      await fred.hire(name, { every: '1 hour', misfire: 'skip', work: door.work, ttl: 20_000 });
    for (const name of ['e', 'f']) await fred.hire(name, { work: door.work, ttl: 20_000 });
    await fred.quit();
    await allDue(names, 300, redis);
    const barney = fleet.join(options);
    for (const name of names)
      await barney.hire(name, { every: '1 hour', misfire: 'skip', work: door.work, ttl: 20_000 });
    for (const name of ['e', 'f']) await barney.hire(name, { work: door.work, ttl: 20_000 });
    await waitFor('two runs', () => door.going === 2);
    await barney.demand('e');
    await barney.demand('f');
    await barney.demand('f');
    // Later than a slot may be that nobody is there for; and long enough for a loop to show.
    await delay(1500);
    const before = await commands(redis);
    await delay(500);
    // Our own question.
    expect((await commands(redis)) - before).toBe(1);
    for (const begun of [2, 4, 6]) {
      await waitFor('two more runs', () => fleet.told.start.length === begun);
      door.open();
    }
    await waitFor('all to have ended', () => fleet.told.finish.length === 6);
    expect(fleet.told.start.map(({ job }) => job).sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(fleet.told.skip).toEqual([]);
    expect(door.most).toBe(2);
  });
});
