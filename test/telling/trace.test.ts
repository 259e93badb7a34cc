import { AsyncLocalStorage } from 'node:async_hooks';
import { channel, tracingChannel } from 'node:diagnostics_channel';
import Bossman from '../../src';
import { web } from '../../src/web';
import { runScript } from '../support/child';
import { makeFleet } from '../support/fleet';
import { testUrl } from '../support/redis';
import { delay, waitFor } from '../support/wait';

const fleet = makeFleet();

const runs = tracingChannel<unknown, Bossman.RunTrace>('bossman:run');
const STEPS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const;

interface Heard {
  step: (typeof STEPS)[number];
  run: Bossman.RunTrace;
  /** As it was then. */
  seen: Bossman.RunTrace;
}

/** Subscribes to all five until the test is over. */
function hear(): Heard[] {
  const heard: Heard[] = [];
  for (const step of STEPS) {
    const listener = (message: unknown) => {
      const run = message as Bossman.RunTrace;
      heard.push({ step, run, seen: { ...run } });
    };
    runs[step].subscribe(listener);
    fleet.afterwards(() => runs[step].unsubscribe(listener));
  }
  return heard;
}

/** One run of a demand, to its end. */
async function demandOnce(instance: Bossman): Promise<void> {
  const ended = () => fleet.told.finish.length + fleet.told.fail.length;
  const before = ended();
  await instance.demand('a');
  await waitFor('the run', () => ended() > before);
}

describe('a run is published on the channel bossman:run', () => {
  it('from its start to its end, as one object with what the events have', async () => {
    const heard = hear();
    const fred = fleet.join();
    await fred.hire('a', { work: () => 'the result' });
    await demandOnce(fred);
    expect(heard.map(({ step }) => step)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
    const [start] = heard;
    const [event] = fleet.told.start;
    expect(start?.seen).toEqual({ ...event, instance: fred.id, plan: null });
    expect(heard.every(({ run }) => run === start?.run)).toBe(true);
    const end = { ...event, instance: fred.id, plan: null, outcome: 'done', result: 'the result' };
    for (const { step, seen } of heard.slice(2)) {
      expect({ step, seen }).toEqual({ step, seen: { ...end, duration: expect.any(Number) } });
    }
  });

  it('with its slot and plan, when it is of a plan', async () => {
    const heard = hear();
    const fred = fleet.join();
    await fred.hire('a', { every: 100, work: () => {} });
    await waitFor('a slot', () => heard.some(({ step }) => step === 'asyncEnd'));
    const [start] = heard;
    expect(start?.seen).toMatchObject({ plan: 'every 100', demandedAt: null, recovered: false });
    expect(start?.seen.slot).toEqual(expect.any(Number));
    expect(start?.seen.startedAt).toBeCloseTo((start?.seen.slot ?? 0) + (start?.seen.lateness ?? 0));
  });

  it('with its duration, in ms', async () => {
    const heard = hear();
    const fred = fleet.join();
    await fred.hire('a', { work: () => delay(100) });
    await demandOnce(fred);
    const duration = heard.at(-1)?.run.duration ?? 0;
    expect(duration).toBeGreaterThanOrEqual(98);
    expect(duration).toBeLessThanOrEqual((fleet.told.finish[0]?.duration ?? 0) + 1);
  });

  it('as failed, with the error itself, and the events report it as usual', async () => {
    fleet.allowErrors(/^WORK_FAILED/);
    const heard = hear();
    const fred = fleet.join();
    const broken = new Error('broken');
    await fred.hire('a', { work: () => Promise.reject(broken) });
    await demandOnce(fred);
    expect(heard.map(({ step }) => step)).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd']);
    for (const { seen } of heard.slice(2)) expect(seen).toMatchObject({ outcome: 'failed', error: broken });
    expect(fleet.told.fail[0]?.cause).toBe(broken);
    expect(fleet.told.error[0]?.cause).toBe(broken);
  });

  it('as vetoed, when a QA does not call next()', async () => {
    const heard = hear();
    const fred = fleet.join();
    fred.qa(() => 'not today');
    await fred.hire('a', { work: () => {} });
    await demandOnce(fred);
    expect(heard.at(-1)?.run).toMatchObject({ outcome: 'vetoed', result: 'not today' });
    expect(fleet.told.finish[0]?.vetoed).toBe(true);
  });
});

it('a store that is bound to the channel is available in the QAs and in work, and nowhere else', async () => {
  const store = new AsyncLocalStorage<string>();
  runs.start.bindStore(store, ({ job, instance }) => `${job} of ${instance}`);
  fleet.afterwards(() => runs.start.unbindStore(store));
  const fred = fleet.join();
  const found: (string | undefined)[] = [];
  fred.qa(async (_name, _definition, next) => {
    found.push(store.getStore());
    await next();
    found.push(store.getStore());
  });
  fred.on('finish', () => found.push(store.getStore()));
  const work = async () => {
    await delay(1);
    found.push(store.getStore());
  };
  await fred.hire('a', { work });
  await demandOnce(fred);
  const inside = `a of ${fred.id}`;
  expect(found).toEqual([inside, inside, inside, undefined]);
});

describe('a run takes the same course with and without subscribers:', () => {
  const pass: Bossman.Qa = (_name, _definition, next) => next();
  const fails = () => Promise.reject(new Error('broken'));
  const throws = () => {
    throw new Error('broken at once');
  };
  const CASES: Record<string, { qas?: Bossman.Qa[]; work?: () => unknown }> = {
    'work succeeds': { qas: [pass] },
    'work rejects': { qas: [pass], work: fails },
    'work throws': { work: throws },
    'a QA vetoes': { qas: [pass, () => {}] },
    'a QA throws': { qas: [pass, throws] },
    'a QA saves the run': { qas: [(_name, _definition, next) => next().catch(() => {})], work: fails },
    'a QA calls next() twice': { qas: [(_name, _definition, next) => Promise.all([next(), next()])] },
    'a QA does not wait': { qas: [(_name, _definition, next) => void next()], work: () => delay(20) },
    'a QA does not wait for a failure': { qas: [(_name, _definition, next) => void next()], work: fails },
    'a QA changes the work': {
      qas: [
        (_name, definition, next) => {
          definition.work = fails;
          return next();
        },
      ],
    },
  };

  it.each(Object.entries(CASES))('%s', async (_, { qas = [], work = () => {} }) => {
    fleet.allowErrors(/^(WORK_FAILED|NEXT_TWICE)/);
    const fred = fleet.join();
    let log: string[] = [];
    let open = 0;
    const logged = async (what: string, inside: () => unknown) => {
      log.push(`${what} {`);
      open += 1;
      try {
        return await inside();
      } finally {
        log.push(`} ${what}`);
        open -= 1;
      }
    };
    for (const qa of qas) fred.qa((name, definition, next) => logged('qa', () => qa(name, definition, next)));
    fred.on('start', () => log.push('start'));
    fred.on('finish', ({ vetoed }) => log.push(`finish, vetoed: ${vetoed}`));
    fred.on('fail', ({ cause }) => log.push(`fail: ${cause}`));
    fred.on('error', ({ code, message }) => log.push(`${code}: ${message}`));
    await fred.hire('a', { work: () => logged('work', work) });
    const oneRun = async () => {
      log = [];
      await demandOnce(fred);
      // Work that nobody waits for may outlast its run.
      await waitFor('all to be over', () => open === 0);
      return log;
    };
    const without = await oneRun();
    const heard = hear();
    const withOne = await oneRun();
    expect(withOne).toEqual(without);
    expect(without.length).toBeGreaterThanOrEqual(4);
    expect(heard.at(-1)?.step).toBe('asyncEnd');
  });
});

it('a subscriber that throws causes an uncaughtException, and the run continues and ends', async () => {
  const script = `
    const { channel, tracingChannel } = require('node:diagnostics_channel');
    const { AsyncLocalStorage } = require('node:async_hooks');
    process.on('uncaughtException', (error) => console.log(error.message));
    const runs = tracingChannel('bossman:run');
    for (const step of ['start', 'end', 'asyncStart', 'asyncEnd']) {
      runs[step].subscribe(() => { throw new Error('thrown at ' + step); });
    }
    runs.start.bindStore(new AsyncLocalStorage(), () => { throw new Error('thrown by a store'); });
    const fred = new Bossman({ connection, prefix: '${fleet.prefix}' });
    let finished = 0;
    fred.on('finish', () => {
      finished += 1;
      if (finished < 2) fred.demand('a');
      else fred.quit().then(() => console.log('quit'));
    });
    fred.hire('a', { work: () => console.log('worked') });
    fred.demand('a');`;
  const { code, lines, stderr } = await runScript(script, testUrl());
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const count = (line: string) => lines.filter((other) => other === line).length;
  expect({ worked: count('worked'), quit: count('quit') }).toEqual({ worked: 2, quit: 1 });
  for (const what of ['at start', 'at end', 'at asyncStart', 'at asyncEnd', 'by a store']) {
    expect({ what, times: count(`thrown ${what}`) }).toEqual({ what, times: 2 });
  }
  // The run was settled, so no lock is left.
  expect(await fleet.redis.exists(`${fleet.prefix}:lock:a`)).toBe(0);
});

describe('also published for the whole process, with the id of the instance, are', () => {
  function hearOn(name: string): unknown[] {
    const heard: unknown[] = [];
    const listener = (message: unknown) => heard.push(message);
    channel(name).subscribe(listener);
    fleet.afterwards(() => channel(name).unsubscribe(listener));
    return heard;
  }

  /** Nobody listens to its events. */
  function joinUnheard(): Bossman {
    const fred = new Bossman({ connection: testUrl(), prefix: fleet.prefix });
    fleet.afterwards(() => fred.quit({ timeout: 0 }));
    return fred;
  }

  it('lost locks, on bossman:lost', async () => {
    const heard = hearOn('bossman:lost');
    const fred = joinUnheard();
    await fred.hire('a', { ttl: 50, work: () => waitFor('the loss', () => heard.length > 0) });
    await fred.demand('a');
    await waitFor('a loss', () => heard.length > 0);
    expect(heard).toEqual([
      { job: 'a', slot: null, demandedAt: expect.any(Number), why: 'expired', instance: fred.id },
    ]);
  });

  it('pauses and resumes, on bossman:pause and bossman:resume', async () => {
    const [paused, resumed] = [hearOn('bossman:pause'), hearOn('bossman:resume')];
    const fred = joinUnheard();
    await fred.pause('a', { note: 'why' });
    await fred.resume('a');
    const [since, by, instance] = [expect.any(Number), expect.any(String), fred.id];
    expect(paused).toEqual([{ job: 'a', since, until: null, note: 'why', by, instance }]);
    expect(resumed).toEqual([{ job: 'a', since, by, instance }]);
  });

  it('what somebody does at a page, on bossman:steered', async () => {
    const heard = hearOn('bossman:steered');
    const fred = joinUnheard();
    await fred.hire('a', { every: '1 hour', work: () => {} });
    const pages = web(fred, { authorize: () => ({ access: 'write', who: 'ann' }) });
    const headers = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' };
    const fire = new Request('http://localhost/api/jobs/a/fire', { method: 'POST', headers, body: '{}' });
    expect((await pages.fetch(fire)).status).toBe(200);
    expect(heard).toEqual([{ job: 'a', action: 'fire', who: 'ann', instance: fred.id }]);
  });

  it('skips, on bossman:skip', async () => {
    const heard = hearOn('bossman:skip') as Bossman.SkipTrace[];
    const fred = joinUnheard();
    const locked = () => heard.find(({ why }) => why === 'locked');
    await fred.hire('a', { every: 50, ttl: 60_000, work: () => waitFor('a skip', locked) });
    const { slot } = await waitFor('a skip', locked);
    expect(locked()).toEqual({ job: 'a', slot, through: slot, why: 'locked', instance: fred.id });
  });
});
