import { scripts } from '../../src/scripts/generated';
import { makeFaultyFleet } from '../support/faults';
import { FLAWLESS, flawsAfterLoss, flawsOf, medianLateness } from '../support/flaws';
import type { Verb } from '../support/proxy';
import { delay, waitFor } from '../support/wait';

const fleet = makeFaultyFleet();
const work = () => {};

const demandRuns = () => fleet.told.start.filter(({ demandedAt }) => demandedAt !== null).length;

async function storedSlot(name: string): Promise<number> {
  return Number(await fleet.redis.zscore(`${fleet.prefix}:due`, name));
}

describe('a Redis that comes back empty', () => {
  it('gets all plans back: slots continue on their grid, each once', async () => {
    fleet.allowErrors(/^CONNECTION/);
    for (const fred of [fleet.join(), fleet.join(), fleet.join()])
      await fred.hire('tick', { every: 100, work });
    await fleet.ticks('tick', 3);
    for (let round = 0; round < 3; round += 1) {
      await fleet.server.kill();
      await fleet.server.start();
      await fleet.ticks('tick', 3);
    }
    expect(flawsAfterLoss(fleet, 'tick', 100)).toEqual(FLAWLESS);
  });

  it('does not run a slot again that only the instance that ran it knows of', async () => {
    fleet.allowErrors(/^CONNECTION/);
    let waitMs = 20_000;
    let isArmed = false;
    for (const fred of [1, 2, 3].map(() => fleet.join({}, { retryStrategy: () => waitMs }))) {
      fred.on('start', () => {
        if (isArmed) fleet.server.freeze();
        isArmed = false;
      });
      await fred.hire('tick', { every: 200, work });
    }
    await fleet.heardBy(3);
    // From here on no bell is heard by anybody.
    await fleet.killConnections('pubsub');
    await fleet.heardBy(0);
    waitMs = 5;
    for (let round = 0; round < 6; round += 1) {
      await fleet.ticks('tick', 1);
      isArmed = true;
      await fleet.ticks('tick', 1);
      // The others ask for that slot as well, and are not answered.
      await delay(50);
      await fleet.server.kill();
      await fleet.server.start();
      await fleet.ticks('tick', 1);
    }
    expect(flawsAfterLoss(fleet, 'tick', 200)).toEqual(FLAWLESS);
  });

  it('gets a distant slot back at once, with its trigger', async () => {
    fleet.allowErrors(/^CONNECTION/);
    for (const fred of [fleet.join(), fleet.join()]) await fred.hire('rare', { every: '1 hour', work });
    const slot = await storedSlot('rare');
    await fleet.server.kill();
    await fleet.server.start();
    await waitFor('the slot', async () => (await storedSlot('rare')) === slot);
    expect(await fleet.redis.pttl(`${fleet.prefix}:work:rare`)).toBeGreaterThan(3_500_000);
  });

  it('gets the slot that an instance knew, even if a new one hired the job first', async () => {
    fleet.allowErrors(/^CONNECTION/);
    await fleet.join({}, { retryStrategy: () => 700 }).hire('rare', { every: '1 hour', work });
    const slot = await storedSlot('rare');
    await fleet.server.kill();
    await fleet.server.start();
    await fleet.join().hire('rare', { every: '1 hour', work });
    await fleet.heardBy(2);
    await waitFor('the slot', async () => (await storedSlot('rare')) === slot);
  });

  it('runs a slot that was due, even if its claim is the first call to see the plan that was stored anew', async () => {
    await fleet.join().hire('job', { every: 3000, work });
    const slot = await storedSlot('job');
    const { prefix, redis } = fleet;
    // As a new instance would have left it, whose bell was not heard.
    const stamp = slot - 1000;
    const born = `${stamp}|every 3000|||born ${stamp} ${stamp + 3000} 0 0 0`;
    await redis
      .multi()
      .hset(`${prefix}:plans`, 'job', born)
      .zadd(`${prefix}:due`, stamp + 3000, 'job')
      .exec();
    await waitFor('the slot', () => fleet.slotsOf('job').length > 0);
    expect(fleet.slotsOf('job')[0]).toBe(slot);
  });

  it('runs the demands that are made afterwards', async () => {
    fleet.allowErrors(/^CONNECTION/);
    await fleet.join().hire('wanted', { work });
    const other = fleet.join();
    await fleet.server.kill();
    await Promise.all([other.demand('wanted'), fleet.server.start()]);
    await waitFor('the run', () => demandRuns() === 1);
  });

  it('is reported once while it is away, however often connecting fails', async () => {
    fleet.allowErrors(/^CONNECTION/);
    let tries = 0;
    const retryStrategy = () => {
      tries += 1;
      return 20;
    };
    await fleet.join({}, { retryStrategy }).hire('tick', { every: 100, work });
    await fleet.server.kill();
    await waitFor('many attempts', () => tries >= 20);
    await fleet.server.start();
    await fleet.ticks('tick', 2);
    expect(fleet.told.error).toHaveLength(1);
  });
});

describe('FLUSHALL', () => {
  it('again and again loses no slot, and doubles none', async () => {
    for (const fred of [fleet.join(), fleet.join(), fleet.join()])
      await fred.hire('tick', { every: 100, work });
    for (let round = 0; round < 10; round += 1) {
      await fleet.ticks('tick', 1);
      await fleet.redis.flushall();
    }
    await fleet.ticks('tick', 3);
    expect(flawsAfterLoss(fleet, 'tick', 100)).toEqual(FLAWLESS);
  });

  it('during a run deletes its lock, and the run ends normally', async () => {
    let end = () => {};
    const held = () =>
      new Promise<void>((resolve) => {
        end = resolve;
      });
    const fred = fleet.join();
    await fred.hire('job', { work: held });
    await fred.demand('job');
    await waitFor('the run', () => demandRuns() === 1);
    await fleet.redis.flushall();
    end();
    await waitFor('its end', () => fleet.told.finish.length === 1);
    await fred.demand('job');
    await waitFor('another', () => demandRuns() === 2);
    end();
  });
});

it('the eviction of a trigger has no effect: the slot still runs on time', async () => {
  for (const fred of [fleet.join(), fleet.join()]) await fred.hire('tick', { every: 300, work });
  for (let round = 0; round < 5; round += 1) {
    await fleet.redis.del(`${fleet.prefix}:work:tick`);
    await fleet.ticks('tick', 1);
  }
  expect(flawsOf(fleet.told, 'tick', 300)).toEqual(FLAWLESS);
  expect(medianLateness(fleet.told)).toBeLessThan(300);
});

describe('a Redis that forgets the scripts', () => {
  it('between slots gets its plans back, and no slot is lost', async () => {
    for (const fred of [fleet.join(), fleet.join()]) await fred.hire('tick', { every: 100, work });
    for (let round = 0; round < 10; round += 1) {
      await fleet.redis.script('FLUSH');
      await fleet.ticks('tick', 1);
    }
    expect(flawsOf(fleet.told, 'tick', 100)).toEqual(FLAWLESS);
  });

  it.each<[kept: string, Verb[]]>([
    ['all', []],
    ['all but hire', ['fire']],
    ['all but fire', ['arm']],
  ])('%s, while calls are sent, executes them in their order', async (_kept, known) => {
    const fred = fleet.join();
    // A script travels as its text until it was used once.
    await fred.hire('other', { every: '1 hour', work });
    await fred.fire('other');
    await fleet.redis.script('FLUSH');
    for (const verb of known) await fleet.redis.script('LOAD', scripts[verb]);
    await Promise.all([
      fred.hire('hired', { every: '1 hour', work }),
      fred.fire('hired'),
      fred.hire('hired', { every: '1 hour', work }),
      fred.hire('fired', { every: '1 hour', work }),
      fred.fire('fired'),
      fred.hire('fired', { every: '1 hour', work }),
      fred.fire('fired'),
    ]);
    expect(await storedSlot('hired')).toBeLessThan(1e15);
    expect(await storedSlot('fired')).toBeGreaterThanOrEqual(1e15);
  });

  it('runs a demand once', async () => {
    const [fred, other] = [fleet.join(), fleet.join()];
    await fred.hire('wanted', { work });
    await fleet.heardBy(2);
    for (let round = 1; round <= 5; round += 1) {
      await fleet.redis.script('FLUSH');
      await (round % 2 ? fred : other).demand('wanted');
      await waitFor('the run', () => fleet.told.finish.length === round);
    }
    expect(demandRuns()).toBe(5);
  });
});
