import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { Redis } from 'ioredis';
import { Bossman } from '../../src/bossman';
import { openInspector } from '../../src/inspection/inspector';
import { caughtUp } from '../support/caught-up';
import { clockLead } from '../support/clock-lead';
import { type Cut, type CuttingProxy, startProxy, type Verb } from '../support/proxy';
import { type RedisServer, startServer } from '../support/redis';
import { delay, waitFor } from '../support/wait';

jest.mock('../../src/time/timers', () => jest.requireActual('../support/clock-lead').leadingTimers());

const EVERY = 100;
/** Its lock outlasts the test, so what waits for the lock's end fails. */
const WANTED = { ttl: 60_000, work: () => {} };
const PLAN = { every: EVERY, work: () => {} };

let server: RedisServer;
let proxy: CuttingProxy;
let admin: Redis;
let cutOff: Bossman;
let other: Bossman;
let prefix: string;
/** How often each slot of the job `tick` was started, and which slots a skip reported. */
let started: Map<number, number>;
let skipped: Set<number>;
let demandRuns: number;
/** Slots that were started once more, of the job `saved`. */
let recovered: (number | null)[];
/** Errors other than of connections: to cut those is the subject. */
let errors: string[];

beforeAll(async () => {
  server = await startServer();
  admin = new Redis(server.port);
});
afterAll(async () => {
  admin.disconnect();
  await server.stop();
});

beforeEach(async () => {
  proxy = await startProxy(server.port);
  prefix = `replies-${randomUUID()}`;
  started = new Map();
  skipped = new Set();
  demandRuns = 0;
  recovered = [];
  errors = [];
  // One that the proxy cuts off, and one with a connection of its own, which takes over what is left to it.
  cutOff = member(proxy.port);
  other = member(server.port);
});
afterEach(async () => {
  await Promise.all([cutOff.quit(), other.quit()]);
  await proxy.close();
  clockLead.ms = 0;
  expect(errors).toEqual([]);
});

function member(port: number): Bossman {
  const one = new Bossman({ connection: { port, retryStrategy: () => 20 }, prefix });
  one.on('start', ({ job, slot, ...run }) => {
    if (job === 'wanted') demandRuns += 1;
    else if (job === 'saved') recovered.push(run.recovered ? slot : null);
    else if (slot !== null) started.set(slot, (started.get(slot) ?? 0) + 1);
  });
  one.on('skip', ({ slot, through }) => {
    for (let told = slot; told <= through; told += EVERY) skipped.add(told);
  });
  one.on('error', ({ code, message }) => {
    if (code !== 'CONNECTION') errors.push(`${code}: ${message}`);
  });
  return one;
}

/** Waits for this many more slots, and for both connections of both instances. */
async function someSlots(count: number): Promise<void> {
  const before = started.size;
  await waitFor(`${count} slots`, () => started.size >= before + count);
}

function expectEachSlotOnce(): void {
  const doubled = [...started].filter(([, runs]) => runs > 1);
  expect(doubled).toEqual([]);
  const slots = [...started.keys()].sort((a, b) => a - b);
  const first = slots[0] ?? 0;
  const last = slots.at(-1) ?? 0;
  const lost: number[] = [];
  for (let slot = first; slot <= last; slot += EVERY)
    if (!started.has(slot) && !skipped.has(slot)) lost.push(slot);
  expect(lost).toEqual([]);
  expect(slots.every((slot) => (slot - first) % EVERY === 0)).toBe(true);
}

const CUTS: Cut[] = ['command', 'reply'];

describe('the answer to a demand of its own', () => {
  const LATE = [expect.stringMatching(/^LOCK_LOST: the lock of 'wanted'/)];

  beforeEach(() => cutOff.hire('wanted', { ttl: 200, work: () => {} }));

  /** Demands, and waits until the lock has ended that came with it, while the answer is on its way. */
  async function demandAndWait(): Promise<{ demanded: Promise<void>; letThrough: () => void }> {
    const held = proxy.holdAt('wanted');
    const demanded = cutOff.demand('wanted');
    const letThrough = await held;
    await waitFor('the demand to be stored', async () => (await admin.hlen(`${prefix}:demands`)) === 1);
    await waitFor('the lock to end', async () => (await admin.exists(`${prefix}:lock:wanted`)) === 0);
    // Longer than the instance's clock may be wrong.
    await delay(200);
    return { demanded, letThrough };
  }

  it('that is lost until its lock has ended is asked for again, and the demand runs once', async () => {
    const { demanded } = await demandAndWait();
    proxy.cutAll();
    await demanded;
    await oneRun();
  });

  it('that arrives after its lock expired is reported, and the demand runs once', async () => {
    const { demanded, letThrough } = await demandAndWait();
    letThrough();
    await demanded;
    await oneRun();
    expect(errors.splice(0)).toEqual(LATE);
  });

  /** Waits until the other instance has run the demand that Redis had given to the one that is cut off. */
  async function otherRunsIt(): Promise<void> {
    await waitFor('its run', () => demandRuns > 0);
    await waitFor('its end', async () => (await admin.exists(`${prefix}:lock:wanted`)) === 0);
  }

  it.each(['is lost', 'arrives late'])(
    'that %s does not serve a demand made after another instance has run the first',
    async (how) => {
      const { demanded, letThrough } = await demandAndWait();
      await other.hire('wanted', WANTED);
      await other.demand('wanted');
      await otherRunsIt();
      const before = demandRuns;
      const again = cutOff.demand('wanted');
      if (how === 'is lost') proxy.cutAll();
      else letThrough();
      await Promise.all([demanded, again]);
      await waitFor('a run for it', () => demandRuns > before);
      expect(errors.splice(0)).toEqual(how === 'is lost' ? [] : LATE);
    },
  );

  it('that hands over a waiting demand does not serve a demand made after another instance has run that one', async () => {
    await admin.set(`${prefix}:lock:wanted`, 'somebody', 'PX', 60_000);
    await other.demand('wanted');
    await admin.del(`${prefix}:lock:wanted`);
    const { demanded, letThrough } = await demandAndWait();
    await other.hire('wanted', WANTED);
    await otherRunsIt();
    const before = demandRuns;
    const again = cutOff.demand('wanted');
    letThrough();
    await Promise.all([demanded, again]);
    await waitFor('a run for it', () => demandRuns > before);
  });
});

describe.each(CUTS)('a connection that breaks at the %s', (cut) => {
  it.each<Verb>(['claim', 'settle'])('of a %s loses no slot and doubles none', async (verb) => {
    // Hired by the one that is cut off alone first, so that it goes first at the slots.
    await cutOff.hire('tick', PLAN);
    await someSlots(2);
    const wasCut = proxy.cutAt(verb, cut);
    await wasCut;
    await someSlots(2);
    await other.hire('tick', PLAN);
    const again = proxy.cutAt(verb, cut);
    await Promise.race([again, delay(1000)]);
    await someSlots(5);
    expectEachSlotOnce();
  });

  it.each<Verb>(['claim', 'settle'])('of a %s loses and doubles no slot that is recovered', async (verb) => {
    const plan = { ...PLAN, recover: true };
    await cutOff.hire('tick', plan);
    await someSlots(2);
    await proxy.cutAt(verb, cut);
    await someSlots(2);
    await other.hire('tick', plan);
    await someSlots(5);
    expectEachSlotOnce();
    await nothingToRecover();
  });

  it('of a claim while the job is paused reports the slot that was due before the pause', async () => {
    const plan = { every: '1 hour', work: () => {} };
    const gone = member(server.port);
    await gone.hire('tick', plan);
    await gone.quit();
    const slot = Date.now() - 60_000;
    await admin.zadd(`${prefix}:due`, slot, 'tick');
    await other.pause('tick');
    const wasCut = proxy.cutAt('claim', cut);
    await Promise.all([cutOff.hire('tick', plan), wasCut]);
    await waitFor('the report', () => skipped.size > 0);
    expect([...skipped]).toEqual([slot]);
    expect(started.size).toBe(0);
  });

  it('of a claim whose lock then ends, and of the claim of the same slot after it, loses and doubles nothing', async () => {
    const plan = { every: 1000, ttl: 10, work: () => {} };
    await cutOff.hire('tick', plan);
    await proxy.cutAt('claim', cut);
    await proxy.cutAt('claim', cut);
    await waitFor('three slots', () => started.size >= 3);
    const slots = [...started.keys()].sort((a, b) => a - b);
    expect(slots).toEqual(slots.map((_, index) => (slots[0] ?? 0) + index * 1000));
    expect([...started.values()]).toEqual(slots.map(() => 1));
    expect(skipped.size).toBe(0);
  });

  it('of a recovery runs the slot of a run that died once more, and only once', async () => {
    const slot = 1_700_000_000_000;
    await admin.hset(`${prefix}:recovers`, 'saved', `${'d'.repeat(32)}:${slot}:0`);
    const wasCut = proxy.cutAt('recover', cut);
    await Promise.all([cutOff.hire('saved', { ...WANTED, recover: true }), wasCut]);
    await waitFor('the run', () => recovered.length > 0);
    await nothingToRecover();
    await other.hire('saved', { ...WANTED, recover: true });
    await caughtUp(cutOff, other);
    expect(recovered).toEqual([slot]);
    expect(await admin.exists(`${prefix}:lock:saved`)).toBe(0);
  });

  it('of the record of a run that died records it once, and reports it once', async () => {
    const died: object[] = [];
    for (const one of [cutOff, other]) {
      one.on('lost', (event) => {
        if (event.why === 'died') died.push(event);
      });
    }
    const [token, slot] = ['d'.repeat(32), 1_700_000_000_000];
    const by = '100:"by":"dddddddddddddddd","host":"gone","pid":7';
    const note = `${token}:${slot}:s${slot}:${by}`;
    await admin.hset(`${prefix}:counts`, 'wanted', `1|0|0|${note} | x:1`);
    const wasCut = proxy.cutAt('died', cut);
    await cutOff.hire('wanted', WANTED);
    await cutOff.demand('wanted');
    await wasCut;
    await waitFor('the report', () => died.length > 0);
    await other.hire('wanted', WANTED);
    await other.demand('wanted');
    await waitFor('both runs', async () => (await other.jobs())[0]?.runs === 4);
    await caughtUp(cutOff, other);
    expect(died).toEqual([{ job: 'wanted', slot, demandedAt: null, why: 'died' }]);
    const jobs = await other.jobs();
    expect(jobs.find(({ name }) => name === 'wanted')).toMatchObject({ runs: 4, failures: 1 });
    const records = (await other.history('wanted')).filter(({ outcome }) => outcome === 'died');
    expect(records).toMatchObject([{ slot, startedAt: slot, host: 'gone', pid: 7 }]);
  });

  it('of a renewal leaves the run its lock', async () => {
    const lost: string[] = [];
    cutOff.on('lost', ({ why }) => lost.push(why));
    const signals: AbortSignal[] = [];
    let letGo = () => {};
    const work = ({ signal }: Bossman.RunContext) =>
      new Promise<void>((resolve) => {
        signals.push(signal);
        letGo = resolve;
      });
    await cutOff.hire('wanted', { ttl: 4000, keepAlive: true, work });
    const wasCut = proxy.cutAt('renew', cut);
    await cutOff.demand('wanted');
    await waitFor('the run', () => demandRuns > 0);
    const token = await admin.get(`${prefix}:lock:wanted`);
    const began = performance.now();
    await wasCut;
    await waitFor('the lock to have been renewed for a while', () => performance.now() - began > 5000);
    expect(token).not.toBeNull();
    expect(await admin.get(`${prefix}:lock:wanted`)).toBe(token);
    expect({ lost, aborted: signals.map(({ aborted }) => aborted) }).toEqual({ lost: [], aborted: [false] });
    letGo();
    await nothingWaits();
  });

  it('of an arm stores the plan once, and the job ticks', async () => {
    const wasCut = proxy.cutAt('arm', cut);
    await Promise.all([cutOff.hire('tick', PLAN), wasCut]);
    await someSlots(5);
    expectEachSlotOnce();
  });

  it('of a restore loses nothing', async () => {
    await cutOff.hire('tick', PLAN);
    const wasCut = proxy.cutAt('restore', cut);
    proxy.cutAll();
    await wasCut;
    await someSlots(5);
    expectEachSlotOnce();
  });

  it('of the first reading of the clock does not keep a cron job from starting', async () => {
    const wasCut = proxy.cutAt('clock', cut);
    await Promise.all([cutOff.hire('cron', { cron: '* * * * * *', work: () => {} }), wasCut]);
    await waitFor('a slot of the cron job', () => started.size > 0);
  });

  it.each<Verb>(['demand', 'settle'])('of the %s of a demand of its own runs it once', async (verb) => {
    await cutOff.hire('wanted', WANTED);
    const wasCut = proxy.cutAt(verb, cut);
    await cutOff.demand('wanted');
    await wasCut;
    await oneRun();
  });

  it('of a demand for another instance runs it once', async () => {
    await other.hire('wanted', WANTED);
    const wasCut = proxy.cutAt('demand', cut);
    await Promise.all([cutOff.demand('wanted'), wasCut]);
    await oneRun();
  });

  it.each<Verb>(['take', 'begin', 'settle'])(
    'of the %s of a demand of another runs it once',
    async (verb) => {
      await cutOff.hire('wanted', WANTED);
      const wasCut = proxy.cutAt(verb, cut);
      await other.demand('wanted');
      await wasCut;
      await oneRun();
    },
  );

  it('of a fire leaves the job fired', async () => {
    await other.hire('tick', PLAN);
    await cutOff.hire('tick', PLAN);
    await someSlots(2);
    const wasCut = proxy.cutAt('fire', cut);
    await Promise.all([cutOff.fire('tick'), wasCut]);
    await caughtUp(cutOff, other);
    const firedAt = started.size;
    await delay(5 * EVERY);
    expect(started.size).toBe(firedAt);
  });

  it('of a pause leaves the job paused, and of a resume resumed', async () => {
    await Promise.all([cutOff.hire('tick', PLAN), other.hire('tick', PLAN)]);
    await someSlots(2);
    let wasCut = proxy.cutAt('pause', cut);
    await Promise.all([cutOff.pause('tick'), wasCut]);
    await caughtUp(cutOff, other);
    const pausedAt = started.size;
    await delay(3 * EVERY);
    expect(started.size).toBe(pausedAt);
    wasCut = proxy.cutAt('resume', cut);
    await Promise.all([cutOff.resume('tick'), wasCut]);
    await someSlots(2);
  });

  it('of a pause does not pause a job again that another instance resumed meanwhile', async () => {
    await Promise.all([cutOff.hire('tick', PLAN), other.hire('tick', PLAN)]);
    await someSlots(2);
    const wasCut = proxy.cutAt('pause', cut);
    const paused = cutOff.pause('tick');
    await wasCut;
    if (cut === 'reply') await other.resume('tick');
    await paused;
    if (cut === 'command') await other.resume('tick');
    await someSlots(3);
  });

  it('of a fire does not fire a job again that another instance hired meanwhile', async () => {
    await other.hire('tick', PLAN);
    const wasCut = proxy.cutAt('fire', cut);
    const fired = cutOff.fire('tick');
    await wasCut;
    if (cut === 'reply') await other.hire('tick', PLAN);
    await fired;
    if (cut === 'command') await other.hire('tick', PLAN);
    await someSlots(3);
  });

  it.each([
    ['holds its lock', 60_000],
    ['has outlived its lock', 300],
  ])('of the settle of a run that %s counts and keeps it once', async (_, ttl) => {
    let end = () => {};
    const held = new Promise<void>((resolve) => {
      end = resolve;
    });
    await cutOff.hire('wanted', { ttl, work: () => held });
    await cutOff.demand('wanted');
    await waitFor('the run', () => demandRuns > 0);
    if (ttl < 1000) {
      await waitFor('its lock to end', async () => (await admin.exists(`${prefix}:lock:wanted`)) === 0);
    }
    const wasCut = proxy.cutAt('settle', cut);
    end();
    await wasCut;
    // Answered after what is sent again.
    expect(await cutOff.history('wanted')).toHaveLength(1);
    expect(await other.jobs()).toEqual([expect.objectContaining({ name: 'wanted', runs: 1, failures: 0 })]);
  });

  it('of the claim of a slot that is skipped counts it once', async () => {
    let told = 0;
    cutOff.on('skip', ({ why }) => {
      if (why === 'locked') told += 1;
    });
    await admin.set(`${prefix}:lock:tick`, 'theirs', 'PX', 60_000);
    const wasCut = proxy.cutAt('claim', cut);
    await Promise.all([cutOff.hire('tick', PLAN), wasCut]);
    await waitFor('three skips', () => told >= 3);
    await cutOff.fire('tick');
    const [job] = await other.jobs();
    expect(job?.skips).toBe(told);
    await admin.del(`${prefix}:lock:tick`);
  });

  it('of a settle with a sweep loses no slot and deletes the old data', async () => {
    const old = Array.from({ length: 150 }, (_, index) => `old ${index}`);
    const at = Date.now() - 31 * 86_400_000;
    await admin.hset(
      `${prefix}:plans`,
      Object.fromEntries(old.map((name) => [name, `${at}|every 3600000|||`])),
    );
    await admin.zadd(`${prefix}:due`, ...old.flatMap((name) => [at, name]));
    await cutOff.hire('tick', PLAN);
    await someSlots(2);
    // Nothing is cleared away in the first minutes of an instance.
    clockLead.ms = 11 * 60_000;
    // What finds the old, and what deletes the first of it.
    await proxy.cutAt('many', cut);
    await proxy.cutAt('many', cut);
    await waitFor('the old to be gone', async () => (await admin.zcard(`${prefix}:due`)) === 1);
    expect(await admin.hkeys(`${prefix}:plans`)).toEqual(['tick']);
    await someSlots(2);
    expectEachSlotOnce();
  });

  it('of an answer to a roll call lists the instance once', async () => {
    await waitFor('both to listen', async () => {
      const [, listeners] = await admin.pubsub('NUMSUB', `${prefix}:bell:0`);
      return listeners === 2;
    });
    const wasCut = proxy.cutAt('present', cut);
    const [instances] = await Promise.all([other.fleet(), wasCut]);
    expect(new Set(instances.map(({ id }) => id)).size).toBe(instances.length);
    await waitFor('both to be listed', async () => (await other.fleet()).length === 2);
  });

  it('of a forget leaves the job forgotten', async () => {
    const inspector = await openInspector({
      connection: { port: proxy.port, retryStrategy: () => 20 },
      prefix,
    });
    await other.demand('nobody');
    const wasCut = proxy.cutAt('forget', cut);
    await Promise.all([inspector.forget('nobody'), wasCut]);
    expect(await other.jobs()).toEqual([]);
    await inspector.close();
  });
});

async function nothingToRecover(): Promise<void> {
  const noted = () => admin.exists(`${prefix}:recovers`);
  await waitFor('no run to be noted', async () => (await noted()) === 0);
}

/** Waits for a demand to have been run, and for nothing to wait any more. */
async function oneRun(): Promise<void> {
  await waitFor('the run', () => demandRuns > 0);
  await nothingWaits();
  expect(demandRuns).toBe(1);
}

/** The demand is idle again, and its lock is free. */
async function nothingWaits(): Promise<void> {
  await waitFor('the demand to be over', async () => {
    const state = await admin.hget(`${prefix}:demands`, 'wanted');
    return state?.startsWith('idle') && (await admin.exists(`${prefix}:lock:wanted`)) === 0;
  });
}
