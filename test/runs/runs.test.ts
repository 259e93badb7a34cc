import type Bossman from '../../src';
import { FLAWLESS, flawsOf } from '../support/flaws';
import { makeFleet } from '../support/fleet';
import { heldRuns } from '../support/held';
import { waitFor } from '../support/wait';

const fleet = makeFleet();

const lockRest = (name: string) => fleet.redis.pttl(`${fleet.prefix}:lock:${name}`);

describe('a run', () => {
  it('receives its slot, or the time of its demand', async () => {
    const contexts: Bossman.RunContext[] = [];
    const fred = fleet.join();
    await fred.hire('job', { every: 100, work: (context) => void contexts.push(context) });
    await fred.demand('job');
    const ofDemand = () => contexts.find(({ slot }) => slot === null);
    const ofSlot = () => contexts.find(({ slot }) => slot !== null);
    await waitFor('a demand and a slot', () => ofDemand() && ofSlot());
    const [demanded, slotted] = [ofDemand(), ofSlot()];
    expect(demanded).toMatchObject({ job: 'job', slot: null, demandedAt: expect.any(Number) });
    expect(slotted).toMatchObject({ job: 'job', slot: expect.any(Number), demandedAt: null });
    expect(demanded?.signal.aborted).toBe(false);
    expect(demanded?.signal).toBe(demanded?.signal);
  });

  it('holds the lock of its job until the promise of work settles', async () => {
    const { work, letGo, contexts } = heldRuns();
    const fred = fleet.join();
    await fred.hire('job', { ttl: 60_000, work });
    await fred.demand('job');
    await waitFor('the run', () => contexts.length === 1);
    expect(await lockRest('job')).toBeGreaterThan(1000);
    letGo();
    await waitFor('the lock to be released', async () => (await lockRest('job')) === -2);
    expect(fleet.told.finish).toMatchObject([
      { job: 'job', slot: null, vetoed: false, duration: expect.any(Number) },
    ]);
  });

  it('that fails releases the lock, is reported with its cause, and the plan continues', async () => {
    fleet.allowErrors(/^WORK_FAILED: a run of 'job' failed: no luck/);
    const fred = fleet.join();
    await fred.hire('job', {
      every: 100,
      work: () => {
        throw new Error('no luck');
      },
    });
    await waitFor('two failures', () => fleet.told.fail.length >= 2);
    expect(fleet.told.fail[0]).toMatchObject({ job: 'job', cause: new Error('no luck') });
    expect(fleet.told.error[0]).toMatchObject({
      code: 'WORK_FAILED',
      job: 'job',
      cause: new Error('no luck'),
    });
    expect(fleet.told.finish).toEqual([]);
    await fred.fire('job');
    expect(JSON.parse((await fleet.redis.hget(`${fleet.prefix}:runs`, 'job')) ?? '{}')).toMatchObject({
      outcome: 'failed',
      error: 'no luck',
    });
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['an object without a prototype', Object.create(null)],
    ['an error whose message is none', Object.assign(new Error(), { message: 7 })],
  ])('that throws %s is a failure like any other', async (_what, thrown) => {
    fleet.allowErrors(/^WORK_FAILED: a run of 'job' failed/);
    const fred = fleet.join();
    await fred.hire('job', { work: () => Promise.reject(thrown) });
    await fred.demand('job');
    await waitFor('the failure', () => fleet.told.fail.length > 0);
    expect(fleet.told.fail[0]?.cause).toBe(thrown);
    await waitFor('the lock to be released', async () => (await lockRest('job')) === -2);
  });

  it('of a definition that is an instance of a class calls the work of the class', async () => {
    class Report {
      count = 0;
      work() {
        this.count += 1;
      }
    }
    const fred = fleet.join();
    await fred.hire('job', new Report());
    await fred.demand('job');
    await waitFor('the run', () => fleet.told.finish.length > 0);
  });

  describe('of an instance of a class with private members', () => {
    class Counter {
      #count = 0;
      readonly every = '10 minutes';
      label = 'a field of its own';
      work(context: Bossman.RunContext) {
        this.#count += 1;
        return context.job.length;
      }
      get count() {
        return this.#count;
      }
    }

    it('calls work on that instance, without a warning about its own fields, while QAs get a copy', async () => {
      const emitWarning = jest.spyOn(process, 'emitWarning');
      const fred = fleet.join();
      const counter = new Counter();
      await fred.hire('counter', counter);
      await fred.demand('counter');
      await waitFor('a run', () => fleet.told.finish.length === 1);
      const given: Bossman.JobDefinition[] = [];
      fred.qa((_name, definition, next) => {
        given.push(definition);
        definition.ttl = 1;
        return next();
      });
      await fred.demand('counter');
      await waitFor('a run with a QA', () => fleet.told.finish.length === 2);
      expect(counter.count).toBe(2);
      expect(given).toEqual([expect.any(Counter)]);
      expect(given[0]).not.toBe(counter);
      expect(Object.keys(counter)).toEqual(['every', 'label']);
      expect(emitWarning).not.toHaveBeenCalled();
      emitWarning.mockRestore();
    });

    it('calls the work that a QA put in its place', async () => {
      const fred = fleet.join();
      const counter = new Counter();
      const replaced: unknown[] = [];
      await fred.hire('counter', counter);
      fred.qa((_name, definition, next) => {
        definition.work = function (this: unknown) {
          replaced.push(this === definition);
        };
        return next();
      });
      await fred.demand('counter');
      await waitFor('a run', () => fleet.told.finish.length === 1);
      expect(replaced).toEqual([true]);
      expect(counter.count).toBe(0);
    });

    it('that has its work as an arrow function, or a getter that returns a new one, calls it once', async () => {
      const fred = fleet.join();
      fred.qa((_name, _definition, next) => next());
      let calls = 0;
      const made = {
        get work() {
          return () => {
            calls += 1;
          };
        },
      };
      await fred.hire('made', made);
      await fred.demand('made');
      await waitFor('a run', () => fleet.told.finish.length === 1);
      expect(calls).toBe(1);
    });
  });

  it('has a context that can be spread, extended and put behind a Proxy, signal and all', async () => {
    const fred = fleet.join();
    const signals: AbortSignal[] = [];
    await fred.hire('job', {
      work: (context) => {
        const { signal, ...rest } = { ...context };
        expect(Object.keys(context)).toEqual(['job', 'slot', 'demandedAt', 'recovered', 'signal']);
        expect(Object.keys(rest)).toEqual(['job', 'slot', 'demandedAt', 'recovered']);
        const extended: Bossman.RunContext = Object.create(context);
        signals.push(signal, extended.signal, new Proxy(context, {}).signal, context.signal);
        // A signal can be neither cloned nor written as JSON; that does not make either fail.
        expect(structuredClone(context)).toMatchObject(rest);
        expect(JSON.parse(JSON.stringify(context))).toEqual(rest);
      },
    });
    await fred.demand('job');
    await waitFor('a run', () => fleet.told.finish.length === 1);
    expect(signals).toHaveLength(4);
    expect(new Set(signals).size).toBe(1);
    expect(signals[0]).toBeInstanceOf(AbortSignal);
  });

  it('creates its signal only when work asks for it', async () => {
    const { AbortController: Original } = globalThis;
    let made = 0;
    class Counted extends Original {
      constructor() {
        super();
        made += 1;
      }
    }
    globalThis.AbortController = Counted;
    fleet.afterwards(async () => {
      globalThis.AbortController = Original;
    });
    const fred = fleet.join();
    await fred.hire('unread', { work: (context) => Object.keys(context) });
    await fred.hire('asked', { work: ({ signal }) => signal.aborted });
    const counts: number[] = [];
    for (const [index, name] of ['unread', 'asked'].entries()) {
      await fred.demand(name);
      await waitFor('the run', () => fleet.told.finish.length === index + 1);
      counts.push(made);
    }
    expect(counts).toEqual([0, 1]);
  });

  it('that is in progress makes every instance skip the next slots', async () => {
    const { work, letGo, contexts } = heldRuns();
    for (const fred of [fleet.join(), fleet.join()])
      await fred.hire('job', { every: 100, ttl: 60_000, work });
    const locked = () => fleet.told.skip.filter(({ why }) => why === 'locked');
    await waitFor('two skips', () => locked().length >= 2);
    expect(contexts).toHaveLength(1);
    const slot = contexts[0]?.slot ?? 0;
    expect(locked()[0]).toEqual({ job: 'job', slot: slot + 100, through: slot + 100, why: 'locked' });
    letGo();
    await waitFor('the next run', () => contexts.length >= 2);
    expect(flawsOf(fleet.told, 'job', 100)).toEqual(FLAWLESS);
  });

  it('that outlives its ttl is reported once, continues, and another may begin', async () => {
    const { work, letGo, contexts } = heldRuns();
    const fred = fleet.join();
    await fred.hire('job', { every: 300, ttl: 100, work });
    await waitFor('another run', () => contexts.length >= 2);
    expect(fleet.told.lost[0]).toEqual({
      job: 'job',
      slot: contexts[0]?.slot,
      demandedAt: null,
      why: 'expired',
    });
    expect(fleet.told.lost.filter(({ slot }) => slot === contexts[0]?.slot)).toHaveLength(1);
    expect(contexts[0]?.signal.aborted).toBe(false);
    letGo();
  });

  it('with keepAlive holds its lock for as long as it takes', async () => {
    const { work, letGo, contexts } = heldRuns();
    const fred = fleet.join({ keepAlive: true, ttl: 3000 });
    await fred.hire('job', { every: 200, work });
    await waitFor('the run', () => contexts.length === 1);
    const ends = (contexts[0]?.slot ?? 0) + 4000;
    await waitFor('slots to be skipped', () => fleet.told.skip.some(({ slot }) => slot > ends));
    expect(contexts).toHaveLength(1);
    expect(fleet.told.lost).toEqual([]);
    await fred.fire('job');
    letGo();
    await waitFor('the lock to be released', async () => (await lockRest('job')) === -2);
  });

  it('with keepAlive is reported, and its signal aborts, when another run holds the lock', async () => {
    const { work, letGo, contexts } = heldRuns();
    const fred = fleet.join({ keepAlive: true, ttl: 3000 });
    await fred.hire('job', { work });
    await fred.demand('job');
    await waitFor('the run', () => contexts.length === 1);
    await fleet.redis.set(`${fleet.prefix}:lock:job`, 'somebody', 'PX', 60_000);
    await waitFor('the event', () => fleet.told.lost.length > 0);
    expect(fleet.told.lost).toMatchObject([{ job: 'job', slot: null, why: 'taken' }]);
    expect(contexts[0]?.signal.reason).toMatchObject({ code: 'LOCK_LOST' });
    expect(await fleet.redis.get(`${fleet.prefix}:lock:job`)).toBe('somebody');
    letGo();
  });

  it('is reported, and its signal aborts, when another instance begins the job after its ttl', async () => {
    const { work, letGo, contexts } = heldRuns();
    const [slow, quick] = [fleet.join(), fleet.join()];
    await slow.hire('job', { ttl: 1500, work });
    await waitFor('the bell', async () => (await fleet.listeners()) === 2);
    await slow.demand('job');
    await waitFor('the first run', () => contexts.length === 1);
    await waitFor('the lock to expire', () => fleet.told.lost.length > 0);
    await quick.hire('job', { work: () => {} });
    await quick.demand('job');
    await waitFor('the signal', () => contexts[0]?.signal.aborted);
    expect(fleet.toldBy(slow).lost).toMatchObject([{ why: 'expired' }]);
    letGo();
  });
});

describe('QA', () => {
  it('surrounds every run, in the order in which it was added, with a definition of its own', async () => {
    const told: string[] = [];
    const fred = fleet.join();
    const definition = { work: () => void told.push('work') };
    fred.qa(async (name, _definition, next) => {
      told.push(`outer ${name}`);
      await next();
      told.push('outer out');
    });
    fred.qa((_name, copy, next) => {
      expect(copy).not.toBe(definition);
      copy.work = () => void told.push('other work');
      return next();
    });
    await fred.hire('job', definition);
    await fred.demand('job');
    await waitFor('the run', () => fleet.told.finish.length > 0);
    expect(told).toEqual(['outer job', 'other work', 'outer out']);
    expect(definition.work).not.toBe(undefined);
  });

  it('that does not call next vetoes the run, which is reported', async () => {
    const work = jest.fn();
    const fred = fleet.join();
    fred.qa(() => {});
    await fred.hire('job', { work });
    await fred.demand('job');
    await waitFor('the end', () => fleet.told.finish.length > 0);
    expect(fleet.told.finish[0]).toMatchObject({ vetoed: true });
    expect(work).not.toHaveBeenCalled();
  });

  it('that calls next twice is an error', async () => {
    fleet.allowErrors(/^NEXT_TWICE/);
    const fred = fleet.join();
    fred.qa(async (_name, _definition, next) => {
      await next();
      await next();
    });
    await fred.hire('job', { work: () => {} });
    await fred.demand('job');
    await waitFor('the error', () => fleet.told.error.length > 0);
  });
});

it('a listener that throws, or rejects, harms no run and is reported', async () => {
  fleet.allowErrors(/^LISTENER: a listener of '(start|finish)' threw: broken/);
  const fred = fleet.join();
  fred.on('start', () => {
    throw new Error('broken');
  });
  fred.on('finish', async () => {
    throw new Error('broken');
  });
  await fred.hire('job', { work: () => {} });
  await fred.demand('job');
  await waitFor('both to be told', () => fleet.told.error.length >= 2);
  await waitFor('the lock to be released', async () => (await lockRest('job')) === -2);
});
