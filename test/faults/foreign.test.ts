import { caughtUp } from '../support/caught-up';
import { makeFaultyFleet } from '../support/faults';
import { FLAWLESS, flawsAfterLoss, flawsOf, medianLateness } from '../support/flaws';
import { delay, waitFor } from '../support/wait';

const fleet = makeFaultyFleet();
const work = () => {};

const demandRuns = () => fleet.told.start.filter(({ demandedAt }) => demandedAt !== null).length;
const key = (name: string) => `${fleet.prefix}:${name}`;

async function redisNow(): Promise<number> {
  const [seconds] = await fleet.redis.time();
  return Number(seconds) * 1000;
}

async function storedSlot(name: string): Promise<number> {
  return Number(await fleet.redis.zscore(key('due'), name));
}

async function storedStamp(name: string): Promise<number> {
  return Number((await fleet.redis.hget(key('plans'), name))?.split('|')[0]);
}

const ring = (message: string) => fleet.redis.publish(key('bell:0'), message);

describe('a foreign string', () => {
  it.each(['plans', 'due'])(
    'in place of %s is reported once, and slots continue when it is gone',
    async (name) => {
      fleet.allowErrors(/^COMMAND: .*WRONGTYPE/);
      const members = [fleet.join(), fleet.join()];
      for (const fred of members) await fred.hire('tick', { every: 100, work });
      for (let episode = 1; episode <= 2; episode += 1) {
        await fleet.ticks('tick', 3);
        await fleet.redis.multi().del(key(name)).set(key(name), 'theirs').exec();
        await waitFor('the report', () => fleet.told.error.length > 0);
        // Long enough for several attempts.
        await delay(1000);
        expect(await fleet.redis.get(key(name))).toBe('theirs');
        await fleet.redis.del(key(name));
        await fleet.ticks('tick', 3);
        for (const fred of members) {
          const claims = fleet.toldBy(fred).error.filter((error) => /claim of/.test(error));
          expect(claims.length).toBeLessThanOrEqual(episode);
        }
        expect(fleet.told.error.some((error) => /claim of 'tick'/.test(error))).toBe(true);
      }
      expect(flawsAfterLoss(fleet, 'tick', 100)).toEqual(FLAWLESS);
    },
  );

  it('in place of demands refuses demands until it is gone, and harms no slot', async () => {
    fleet.allowErrors(/^COMMAND: .*WRONGTYPE/);
    // Told by a process that was held up past a lock so short; it takes the demand again.
    fleet.allowErrors(/^LOCK_LOST: .*trying again/);
    const fred = fleet.join();
    await fred.hire('tick', { every: 100, ttl: 300, work });
    await fleet.redis.set(key('demands'), 'theirs');
    await fleet.ticks('tick', 5);
    await expect(fred.demand('tick')).rejects.toThrow(/WRONGTYPE/);
    await fleet.redis.del(key('demands'));
    await fleet.ticks('tick', 3);
    await fred.demand('tick');
    await waitFor('the run', () => demandRuns() === 1);
    // A settle that is refused leaves its lock to end by itself, so slots are skipped, with a word.
    expect(flawsOf(fleet.told, 'tick', 100)).toEqual(FLAWLESS);
  });

  it.each(['runs', 'counts', 'history:tick'])(
    'in place of %s harms neither slots nor demands',
    async (name) => {
      const fred = fleet.join();
      await fred.hire('tick', { every: 100, work });
      await fleet.redis.set(key(name), 'theirs');
      await fleet.ticks('tick', 5);
      await fred.demand('tick');
      await waitFor('the run', () => demandRuns() === 1);
      await fleet.redis.set(key('lock:tick'), 'theirs', 'PX', 250);
      await waitFor('a skip', () => fleet.told.skip.length > 0);
      await fleet.ticks('tick', 2);
      expect(flawsOf(fleet.told, 'tick', 100)).toEqual(FLAWLESS);
      expect(await fleet.redis.get(key(name))).toBe('theirs');
      const none = name === 'history:tick' ? {} : name === 'runs' ? { lastRun: null } : { runs: 0, skips: 0 };
      expect(await fred.jobs()).toEqual([expect.objectContaining({ name: 'tick', ...none })]);
      const kept = await fred.history('tick');
      expect(kept.length > 0).toBe(name !== 'history:tick');
    },
  );

  it.each(['plans', 'due', 'demands'])('in place of %s is reported by an inspection', async (name) => {
    fleet.allowErrors(/^COMMAND: jobs failed: WRONGTYPE/);
    const fred = fleet.join();
    await fleet.redis.set(key(name), 'theirs');
    await expect(fred.jobs()).rejects.toMatchObject({ code: 'COMMAND' });
  });

  it('in place of runs does not delay a demand made during a run', async () => {
    fleet.allowErrors(/^COMMAND: the end of a run of 'wanted' could not be recorded .*WRONGTYPE/);
    let end = () => {};
    const held = () =>
      new Promise<void>((resolve) => {
        end = resolve;
      });
    const fred = fleet.join();
    await fred.hire('wanted', { ttl: 60_000, work: held });
    await fleet.redis.set(key('runs'), 'theirs');
    await fred.demand('wanted');
    await waitFor('the run', () => demandRuns() === 1);
    await fred.demand('wanted');
    end();
    await waitFor('the second run', () => demandRuns() === 2);
    end();
  });

  it('in place of the notes for recovery delays only the slots of jobs with `recover`, and is reported', async () => {
    fleet.allowErrors(/^COMMAND: (claim|recovery) of 'kept' failed .*WRONGTYPE/);
    const fred = fleet.join();
    await fleet.redis.set(key('recovers'), 'theirs');
    await fred.hire('tick', { every: 100, work });
    await fred.hire('kept', { every: 100, ttl: 1000, recover: true, work });
    await fleet.ticks('tick', 5);
    await fred.demand('tick');
    await waitFor('the run', () => demandRuns() === 1);
    await waitFor('the report', () => fleet.told.error.some((error) => error.includes("'kept'")));
    await fleet.redis.del(key('recovers'));
    await fleet.ticks('kept', 3);
    for (const job of ['tick', 'kept']) expect(flawsOf(fleet.told, job, 100)).toEqual(FLAWLESS);
  });

  it('in place of a trigger is overwritten by the next slot', async () => {
    const fred = fleet.join();
    await fred.hire('tick', { every: 200, work });
    await fleet.redis.set(key('work:tick'), 'theirs');
    await fleet.ticks('tick', 2);
    expect(await fleet.redis.get(key('work:tick'))).not.toBe('theirs');
    expect(flawsOf(fleet.told, 'tick', 200)).toEqual(FLAWLESS);
  });

  it('or a hash, in place of the trigger of a demand, harms no demand', async () => {
    const fred = fleet.join();
    await fred.hire('wanted', { work });
    await fleet.redis.set(key('work:demand:wanted'), 'theirs');
    await fred.demand('wanted');
    await waitFor('the run', () => demandRuns() === 1);
    await fleet.redis.multi().del(key('work:demand:wanted')).hset(key('work:demand:wanted'), 'a', 'b').exec();
    await fred.demand('wanted');
    await waitFor('another', () => demandRuns() === 2);
  });

  it('in place of a lock makes slots be skipped and demands wait until it is gone', async () => {
    const fred = fleet.join();
    await fred.hire('tick', { every: 100, work });
    await fleet.ticks('tick', 1);
    await fleet.redis.set(key('lock:tick'), 'theirs');
    await waitFor('three skips', () => fleet.told.skip.length >= 3);
    await fred.demand('tick');
    const slots = fleet.slotsOf('tick').length;
    await delay(500);
    expect(fleet.slotsOf('tick')).toHaveLength(slots);
    expect(demandRuns()).toBe(0);
    expect(await fleet.redis.get(key('lock:tick'))).toBe('theirs');
    await fleet.redis.del(key('lock:tick'));
    await waitFor('the demand', () => demandRuns() === 1);
    await fleet.ticks('tick', 2);
    expect(flawsOf(fleet.told, 'tick', 100)).toEqual(FLAWLESS);
  });
});

describe('a foreign value', () => {
  it.each(['garbage', '', '||||', '1|2', 'x|every 5|||', '99|every 100'])(
    'as the plan of a job, %p, is replaced by the plan that is known',
    async (value) => {
      for (const fred of [fleet.join(), fleet.join()]) await fred.hire('tick', { every: 100, work });
      for (let round = 0; round < 3; round += 1) {
        await fleet.ticks('tick', 2);
        await fleet.redis.hset(key('plans'), 'tick', value);
      }
      await fleet.ticks('tick', 3);
      expect(flawsAfterLoss(fleet, 'tick', 100)).toEqual(FLAWLESS);
    },
  );

  it('that looks like a plan but is invalid is reported and overwritten', async () => {
    fleet.allowErrors(/^FOREIGN_VALUE: job tick: 'sometimes' is not a plan; storing 'every 100'/);
    await fleet.join().hire('tick', { every: 100, work });
    await fleet.ticks('tick', 2);
    await fleet.redis.hset(key('plans'), 'tick', `${(await redisNow()) + 60_000}|sometimes|||`);
    await waitFor('the report', () => fleet.told.error.length > 0);
    await fleet.ticks('tick', 3);
    expect(fleet.told.error).toHaveLength(1);
  });

  it.each([
    ['a time long past', 5],
    ['minus infinity', '-inf'],
    ['a negative time', -1e12],
  ])('%s in place of the slot of a job does not run a slot again', async (_, score) => {
    for (const fred of [fleet.join(), fleet.join()]) await fred.hire('tick', { every: 100, work });
    for (let round = 0; round < 3; round += 1) {
      await fleet.ticks('tick', 2);
      await fleet.redis.zadd(key('due'), score, 'tick');
    }
    await fleet.ticks('tick', 3);
    expect(flawsOf(fleet.told, 'tick', 100)).toEqual(FLAWLESS);
  });

  it.each(['garbage', 'noted', 'noted|x||0|', 'taken|1|zz|'])(
    'as the demand of a job, %p, runs nothing and loses no demand',
    async (value) => {
      const [fred, other] = [fleet.join(), fleet.join()];
      await fred.hire('wanted', { work });
      await fleet.heardBy(2);
      await fleet.redis.hset(key('demands'), 'wanted', value);
      await fleet.killConnections('pubsub');
      await fleet.heardBy(2);
      await delay(300);
      expect(demandRuns()).toBe(0);
      await other.demand('wanted');
      await waitFor('the run', () => demandRuns() > 0);
      await fred.demand('wanted');
      await waitFor('another', () => fleet.told.finish.length > 1);
      expect(demandRuns()).toBe(2);
    },
  );
});

describe('foreign values, in an inspection,', () => {
  it.each(['', 'garbage', '1|2', '{"startedAt":"soon"}', 'noted|soon'])(
    'are treated as missing: %p',
    async (value) => {
      const fred = fleet.join();
      await fred.hire('job', { every: '1 hour', work });
      // Once subscribed, it asks whether demands wait. If it found the foreign one, it would restore the plan.
      await fleet.heardBy(1);
      await caughtUp(fred);
      for (const name of ['runs', 'counts', 'demands']) await fleet.redis.hset(key(name), 'job', value);
      await fleet.redis.hset(key('plans'), 'job', value);
      await fleet.redis.xadd(key('history:job'), '*', 'run', value);
      await fleet.redis.xadd(key('history:job'), '*', 'theirs', value);
      const none = { plan: null, nextSlot: null, demandedSince: null, lastRun: null, runs: 0, failures: 0 };
      const ofJob = (await fred.jobs()).filter(({ name }) => name === 'job');
      expect(ofJob).toEqual([expect.objectContaining({ name: 'job', skips: 0, ...none })]);
      expect(await fred.history('job')).toEqual([]);
    },
  );

  it('in place of counts make these start again at 0', async () => {
    const fred = fleet.join();
    await fred.hire('wanted', { work });
    await fleet.redis.hset(key('counts'), 'wanted', 'garbage');
    await fred.demand('wanted');
    await waitFor('the run to be counted', async () => (await fred.jobs())[0]?.runs === 1);
  });

  it('in answers to a roll call are not instances', async () => {
    const fred = fleet.join();
    await fleet.heardBy(1);
    const listener = fleet.redis.duplicate();
    await listener.subscribe(key('bell:0'));
    const forged = {
      a: 'garbage',
      b: '{}',
      c: '{"since":1,"jobs":{"x":1},"running":[]}',
      d: '[]',
      e: '{"since":1,"jobs":{},"running":[null]}',
    };
    const forging = new Promise((resolve) => {
      listener.once('message', (_channel: string, message: string) =>
        resolve(fleet.redis.hset(key(`present:${message.split(' ')[2]}`), forged)),
      );
    });
    await fleet.heardBy(2);
    // The listener counts as one that is to answer, so all of this is waited for.
    const [instances] = await Promise.all([fred.fleet(), forging]);
    listener.disconnect();
    expect(instances).toHaveLength(1);
  });
});

describe('foreign messages', () => {
  const NOISE = [
    '',
    ' ',
    'garbage',
    'claim',
    'claim x y z',
    'armed',
    'quit',
    'quit x',
    'who',
    'who x y',
    `who x ${'f'.repeat(32)}`,
    '\u0000',
    '{"kind":"claim"}',
  ];

  it('that are noise, on either channel, change nothing', async () => {
    for (const fred of [fleet.join(), fleet.join()]) await fred.hire('tick', { every: 100, work });
    await fleet.heardBy(2);
    for (let round = 0; round < 5; round += 1) {
      for (const noise of NOISE) {
        await ring(noise);
        await fleet.redis.publish('__keyevent@0__:expired', noise);
      }
      await fleet.redis.publish('__keyevent@0__:expired', key('work:tick'));
      await fleet.ticks('tick', 1);
    }
    expect(flawsOf(fleet.told, 'tick', 100)).toEqual(FLAWLESS);
    expect(demandRuns()).toBe(0);
  });

  it('that claim a distant slot delay nothing', async () => {
    for (const fred of [fleet.join(), fleet.join()]) {
      await fred.hire('tick', { every: 100, work });
      await fred.hire('cron', { cron: '* * * * * *', work });
    }
    await fleet.heardBy(2);
    for (let round = 0; round < 10; round += 1) {
      for (const job of ['tick', 'cron']) {
        const slot = await storedSlot(job);
        const stamp = await storedStamp(job);
        for (const next of [slot + 3_600_000, slot + 50, 8e15, -1]) {
          for (const claimed of [stamp, stamp + 1, 0]) {
            await ring(`claim forged ${slot} ${claimed} ${slot} ${next} locked 0 1 ${job}`);
          }
        }
      }
      await fleet.ticks('tick', 1);
    }
    await fleet.ticks('cron', 2);
    expect(flawsOf(fleet.told, 'tick', 100)).toEqual(FLAWLESS);
    expect(flawsOf(fleet.told, 'cron', 1000)).toEqual(FLAWLESS);
    expect(medianLateness(fleet.told)).toBeLessThan(500);
  });

  it('that announce an armed or fired plan cause one read and nothing else', async () => {
    for (const fred of [fleet.join(), fleet.join()]) await fred.hire('tick', { every: 100, work });
    await fleet.heardBy(2);
    const stamp = await storedStamp('tick');
    for (let round = 0; round < 5; round += 1) {
      for (const forged of [0, stamp, stamp + 1000, 9e15]) await ring(`armed forged ${forged} tick`);
      await fleet.ticks('tick', 1);
    }
    expect(await storedStamp('tick')).toBe(stamp);
    expect(flawsOf(fleet.told, 'tick', 100)).toEqual(FLAWLESS);
    expect(fleet.told.plan).toEqual([]);
  });

  it('that announce demands that were never made run nothing, and those that announce takes lose no demand', async () => {
    const [fred, other] = [fleet.join(), fleet.join()];
    await fred.hire('wanted', { every: '1 hour', work });
    await fleet.heardBy(2);
    const now = await redisNow();
    for (let round = 0; round < 5; round += 1) await ring(`demand forged ${now} 0 0 2 wanted`);
    await delay(300);
    expect(demandRuns()).toBe(0);
    for (let round = 1; round <= 3; round += 1) {
      await ring(`taken forged ${now} 0 3600000 wanted`);
      await other.demand('wanted');
      await ring(`begun forged ${now} 0 wanted`);
      await waitFor('the run', () => fleet.told.finish.length >= round);
    }
    expect(demandRuns()).toBe(3);
  });
});

describe('the expiry of a trigger whose slot seems far ahead', () => {
  it('causes one read, and no claim', async () => {
    const bells = await fleet.hearBells();
    const fred = fleet.join();
    await fred.hire('rare', { every: '1 hour', work });
    await fleet.heardBy(2);
    await caughtUp(fred);
    const slot = await storedSlot('rare');
    // It was not heard of since it was hired, as far as slots go.
    await delay(600);
    await fleet.redis.del(key('work:rare'));
    const before = await scriptCalls();
    await fleet.redis.publish('__keyevent@0__:expired', key('work:rare'));
    // A look sets the trigger again.
    await waitFor('the look', async () => (await fleet.redis.pttl(key('work:rare'))) > 0);
    await delay(300);
    expect(await scriptCalls()).toBe(before + 1);
    expect(bells.of('claim')).toEqual([]);
    expect(fleet.told.start).toEqual([]);
    expect(await storedSlot('rare')).toBe(slot);
  });
});

/** How many scripts Redis has been asked to run; those that it did not know were sent twice. */
async function scriptCalls(): Promise<number> {
  const stats = await fleet.redis.info('commandstats');
  const calls = (command: string) =>
    Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
  return calls('evalsha');
}
