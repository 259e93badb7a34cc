import { setImmediate as nextTurn } from 'node:timers/promises';
import { makeFleet } from '../support/fleet';
import { waitFor } from '../support/wait';

/** Called when a slot that was won begins to wait for its time, which is then 50 ms later: a slow process may be past it. */
const mockWaits: { began: (() => void) | null } = { began: null };
jest.mock('../../src/slots/starts', () => {
  const actual: typeof import('../../src/slots/starts') = jest.requireActual('../../src/slots/starts');
  class LongerStarts extends actual.Starts {
    override wait(name: string, ms: number): Promise<boolean> | boolean {
      if (!mockWaits.began) return super.wait(name, ms);
      const begins = super.wait(name, Math.max(0, ms) + 50);
      mockWaits.began();
      return begins;
    }
  }
  return { ...actual, Starts: LongerStarts };
});

const EVERY = 20;
const SLOTS = 200;

const fleet = makeFleet();
const lockOf = (name: string) => `${fleet.prefix}:lock:${name}`;
const slotsOf = (name: string) =>
  fleet.told.start.filter(({ job }) => job === name).map(({ slot }) => slot ?? 0);

/** Without leaving the event loop to a timer, which would be a ms late. */
async function until(ms: number): Promise<void> {
  while (Date.now() < ms) await nextTurn();
}

describe('a slot that is claimed shortly before its time', () => {
  it('does not begin before it', async () => {
    const tooEarly: number[] = [];
    const work = ({ slot }: { slot: number | null }) => {
      const early = (slot ?? 0) - Date.now();
      if (early > 0) tooEarly.push(early);
    };
    await Promise.all([1, 2, 3].map(() => fleet.join().hire('tick', { every: EVERY, work })));
    await waitFor(`${SLOTS} slots`, () => slotsOf('tick').length >= SLOTS);
    expect(tooEarly).toEqual([]);
    expect(fleet.told.start.filter(({ lateness }) => lateness < 0)).toEqual([]);
  });

  it('is not skipped for a lock that is free when it comes', async () => {
    const instance = fleet.join();
    let locked = 0;
    instance.on('finish', async ({ slot }) => {
      // Redis keeps a key through its last ms, and in a script somewhat longer.
      const until = (slot ?? 0) + EVERY - 2;
      if (await fleet.redis.set(lockOf('tick'), 'other', 'PXAT', until, 'NX')) locked += 1;
    });
    await instance.hire('tick', { every: EVERY, work() {} });
    await waitFor(`${SLOTS} slots`, () => slotsOf('tick').length >= SLOTS);
    expect(fleet.told.skip.filter(({ why }) => why === 'locked')).toEqual([]);
    expect(locked).toBeGreaterThan(SLOTS / 10);
  });

  it('is not skipped for a run that is over when it comes', async () => {
    // NaN while it is running.
    let endedAt = Number.NaN;
    const work = async ({ slot }: { slot: number | null }) => {
      endedAt = Number.NaN;
      await until((slot ?? 0) + EVERY - 1);
      endedAt = Date.now();
    };
    const instance = fleet.join();
    const wronged: number[] = [];
    instance.on('skip', ({ slot, why }) => {
      if (why === 'locked' && endedAt < slot) wronged.push(slot);
    });
    await instance.hire('tick', { every: EVERY, work });
    await waitFor(`${SLOTS} slots`, () => slotsOf('tick').length >= SLOTS);
    expect(wronged).toEqual([]);
  });

  it('is not run if its job is fired in between, even if it is hired again, and leaves no data', async () => {
    const names = Array.from({ length: 60 }, (_, index) => `tick ${index}`);
    const firedSlots = new Map<string, number>();
    const late: string[] = [];
    const instance = fleet.join({ ttl: 600_000 });
    instance.on('start', ({ job, slot }) => {
      if (slot === firedSlots.get(job)) late.push(job);
    });
    for (const [index, name] of names.entries()) {
      await instance.hire(name, { every: EVERY, work() {} });
      const next = (await waitFor('a slot', () => slotsOf(name)[0])) + EVERY;
      await until(next - 1);
      await instance.fire(name);
      firedSlots.set(name, next);
      if (index % 2 === 1) await instance.hire(name, { every: 60_000, work() {} });
    }
    const held = () => fleet.redis.exists(...names.map(lockOf));
    await waitFor('all locks to be free', async () => (await held()) === 0);
    expect(late).toEqual([]);
    const runs = (await instance.jobs()).reduce((sum, job) => sum + job.runs, 0);
    expect(runs).toBe(fleet.told.start.length);
  });

  it('does not begin after a quit that does not wait for it, and its lock is released', async () => {
    const afterQuit: string[] = [];
    const abandoned: string[] = [];
    for (let round = 0; round < 20; round += 1) {
      const name = `tick ${round}`;
      const instance = fleet.join({ ttl: 600_000 });
      let hasQuit = false;
      const work = () => {
        if (hasQuit) afterQuit.push(name);
      };
      instance.on('skip', ({ why }) => {
        if (why === 'quit' && !hasQuit) abandoned.push(name);
      });
      const quit = new Promise<void>((resolve) => {
        mockWaits.began = () => resolve(instance.quit({ timeout: 0 }));
      });
      await instance.hire(name, { every: EVERY, work });
      await quit;
      hasQuit = true;
      mockWaits.began = null;
      await until(Date.now() + 2 * EVERY);
    }
    expect(afterQuit).toEqual([]);
    expect(abandoned).toHaveLength(20);
    expect(await fleet.redis.exists(...abandoned.map(lockOf))).toBe(0);
  });
});
