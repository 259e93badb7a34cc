import { makeFaultyFleet } from '../support/faults';
import { FLAWLESS, flawsOf, medianLateness } from '../support/flaws';
import { startProxy } from '../support/proxy';
import { delay, waitFor } from '../support/wait';

const fleet = makeFaultyFleet();
const work = () => {};

const key = (name: string) => `${fleet.prefix}:${name}`;
const ring = (message: string) => fleet.redis.publish(key('bell:0'), message);

async function redisNow(): Promise<number> {
  const [seconds, micros] = await fleet.redis.time();
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}

async function storedPlan(name: string): Promise<{ slot: number; stamp: number }> {
  const plan = await fleet.redis.hget(key('plans'), name);
  return { slot: Number(await fleet.redis.zscore(key('due'), name)), stamp: Number(plan?.split('|')[0]) };
}

describe('an impossible number of listeners', () => {
  it('in the answer to PUBSUB NUMSUB does not affect eight instances that hire afterwards', async () => {
    const proxy = await startProxy(fleet.server.port);
    try {
      proxy.rewrite(/(:bell:0\r\n):\d+\r\n/g, '$1:140000000000000\r\n');
      const members = Array.from({ length: 8 }, () => fleet.join({}, { port: proxy.port }));
      await fleet.heardBy(8);
      // Each has asked how many listen, and has its answer.
      await delay(300);
      await Promise.all(members.map((member) => member.hire('tick', { every: 400, work })));
      await fleet.ticks('tick', 5);
      expect(flawsOf(fleet.told, 'tick', 400)).toEqual(FLAWLESS);
      expect(medianLateness(fleet.told)).toBeLessThan(500);
      await Promise.all(members.map((member) => member.quit()));
    } finally {
      await proxy.close();
    }
  });

  it('in a claim on the bell delays no slot', async () => {
    for (const fred of [fleet.join(), fleet.join()]) await fred.hire('tick', { every: 400, work });
    await fleet.heardBy(2);
    // From then on there is one that goes first.
    await fleet.ticks('tick', 1);
    for (let round = 0; round < 5; round += 1) {
      const { slot, stamp } = await storedPlan('tick');
      await delay(slot - (await redisNow()) - 3);
      await ring(`claim forged ${slot} ${stamp} ${slot} ${slot + 400} run 0 100000000000000 tick`);
      await fleet.ticks('tick', 1);
    }
    await fleet.ticks('tick', 3);
    expect(flawsOf(fleet.told, 'tick', 400)).toEqual(FLAWLESS);
    expect(medianLateness(fleet.told)).toBeLessThan(500);
  });

  it.each([
    ['before the real claim', -5],
    ['after the real claim, but is sent before it', 5],
  ])(
    'in a claim that seems to come %s, of a slot that any instance may claim, loses no slot',
    async (_, after) => {
      for (const fred of [fleet.join(), fleet.join()]) await fred.hire('tick', { every: 400, work });
      await fleet.heardBy(2);
      // Whoever claims a slot steps back at the next one, and both wait there.
      const random = jest.spyOn(Math, 'random').mockReturnValue(0.01);
      try {
        await fleet.ticks('tick', 2);
        for (let round = 0; round < 5; round += 1) {
          const { slot, stamp } = await storedPlan('tick');
          await delay(slot - (await redisNow()) - 9);
          await ring(`claim forged ${slot + after} ${stamp} ${slot} ${slot + 400} run 0 2 tick`);
          await fleet.ticks('tick', 1);
        }
        await fleet.ticks('tick', 3);
        expect(flawsOf(fleet.told, 'tick', 400)).toEqual(FLAWLESS);
      } finally {
        random.mockRestore();
      }
    },
  );

  it('in a demand on the bell delays no slot of a job hired afterwards', async () => {
    const members = [fleet.join(), fleet.join(), fleet.join()];
    await Promise.all(members.map((fred) => fred.hire('wanted', { work })));
    await fleet.heardBy(3);
    await delay(200);
    await ring(`demand forged ${await redisNow()} 0 0 100000000000000 wanted`);
    await delay(100);
    await Promise.all(members.map((fred) => fred.hire('tick', { every: 400, work })));
    await fleet.ticks('tick', 3);
    expect(medianLateness(fleet.told)).toBeLessThan(500);
  });
});

describe('forged claims that are correct to the last digit', () => {
  it('stop no job when the instance that ran last leaves', async () => {
    const members = [fleet.join(), fleet.join(), fleet.join()];
    for (const fred of members) await fred.hire('tick', { every: 400, work });
    await fleet.heardBy(3);
    let over = false;
    const forging = (async () => {
      while (!over) {
        const [{ slot, stamp }, now] = [await storedPlan('tick'), await redisNow()];
        // Before anybody claims it, and once more when somebody has.
        if (now >= slot - 9)
          await ring(`claim forged ${Math.max(now, slot - 1)} ${stamp} ${slot} ${slot + 400} run 0 3 tick`);
        await delay(1);
      }
    })();
    await fleet.ticks('tick', 3);
    const ranLast = fleet.slotsOf('tick').at(-1);
    const last = members.find((fred) => fleet.toldBy(fred).start.some(({ slot }) => slot === ranLast));
    await last?.quit();
    await fleet.ticks('tick', 5);
    over = true;
    await forging;
    expect(flawsOf(fleet.told, 'tick', 400)).toEqual(FLAWLESS);
    expect(medianLateness(fleet.told)).toBeLessThan(500);
  });
});

describe('a lock that a bell reports as held by another instance', () => {
  /** Runs until it is let go, in an instance that another stands beside. */
  async function longRun(): Promise<{ signal: AbortSignal; end: () => void }> {
    let end = () => {};
    let signal: AbortSignal | undefined;
    const fred = fleet.join();
    fleet.join();
    await fred.hire('long', {
      ttl: 60_000,
      work: (run) => {
        signal = run.signal;
        return new Promise<void>((resolve) => {
          end = resolve;
        });
      },
    });
    await fleet.heardBy(2);
    await fred.demand('long');
    return { signal: await waitFor('the run', () => signal), end };
  }

  const bells = (at: number) => [
    `claim forged ${at} 1 ${at} ${at + 1000} run 0 2 long`,
    `taken forged ${at} 0 2000 long`,
    `taken forged ${at} 0 9007199254740991 long`,
    `recovered forged ${at} long`,
  ];

  it('does not abort the run that holds it', async () => {
    const { signal, end } = await longRun();
    const now = await redisNow();
    for (const at of [now, now + 5, now + 3_600_000, 999_999_999_999_999]) {
      for (const bell of bells(at)) await ring(bell);
    }
    await delay(300);
    expect(signal.aborted).toBe(false);
    expect(fleet.told.lost).toEqual([]);
    end();
    await waitFor('its end', () => fleet.told.finish.length === 1);
  });

  it('aborts the run if another instance really holds it', async () => {
    const { signal, end } = await longRun();
    await fleet.redis.set(key('lock:long'), 'theirs', 'PX', 500);
    await ring(`taken forged ${(await redisNow()) + 1} 0 500 long`);
    await waitFor('the signal', () => signal.aborted);
    expect(fleet.told.lost).toEqual([expect.objectContaining({ job: 'long', why: 'taken' })]);
    end();
  });
});

describe('a bell about a demand that waits for the lock of its job', () => {
  it.each([
    'taken forged NOW 0 3600000 wanted',
    'taken forged AHEAD 0 2147483647 wanted',
    'begun forged NOW 0 wanted',
    'begun forged AHEAD 0 wanted',
    'demand forged AHEAD 0 3600000 2 wanted',
  ])('does not delay it for long: %s', async (message) => {
    const [fred, asker] = [fleet.join(), fleet.join()];
    await fred.hire('wanted', { ttl: 1000, work });
    await fleet.heardBy(2);
    await fleet.redis.set(key('lock:wanted'), 'theirs', 'PX', 400);
    await asker.demand('wanted');
    await delay(50);
    const now = await redisNow();
    await ring(message.replace('NOW', String(now)).replace('AHEAD', String(now + 3_600_000)));
    await waitFor('the run', () => fleet.told.finish.length === 1, { timeoutMs: 10_000 });
    expect(fleet.told.start[0]?.lateness).toBeLessThan(5000);
  });
});

describe('foreign values under our keys', () => {
  it.each([
    ['as a stamp', () => '999999999999999999|every 100|||'],
    ['as a sequence of calls', (now: number, id: string) => `${now}|every 100||${id}:999999999999999999|`],
  ])('%s, far above any real one, do not make later hires ineffective', async (_, text) => {
    const fred = fleet.join();
    await fred.hire('tick', { every: 100, work });
    await fleet.ticks('tick', 2);
    await fleet.redis.hset(key('plans'), 'tick', text(await redisNow(), fred.id));
    await fred.hire('tick', { every: 150, work });
    await waitFor('the plan', async () => (await fred.jobs())[0]?.plan === 'every 150');
    await fleet.ticks('tick', 3);
  });

  it('with a future time of a demand are read as now', async () => {
    const fred = fleet.join();
    await fred.hire('wanted', { work });
    await fleet.heardBy(1);
    await fleet.redis.hset(key('demands'), 'wanted', 'noted|999999999999999||0|');
    await ring(`demand forged ${await redisNow()} 0 0 1 wanted`);
    await waitFor('the run', () => fleet.told.start.length === 1);
    expect(fleet.told.start[0]?.lateness).toBeGreaterThanOrEqual(0);
  });
});
