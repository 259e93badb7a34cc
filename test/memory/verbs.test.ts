import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { Keys } from '../../src/redis/keys';
import { type Args, scriptCall, type Verb } from '../../src/redis/script-call';
import { BATCHED, FIRED, scripts } from '../../src/scripts/generated';
import { Mirror } from '../support/mirror';
import { testUrl } from '../support/redis';
import { pass, TravellingClient, travel } from '../support/travel';
import { waitFor } from '../support/wait';

/*
 * Random calls of every script, with arguments that an instance could send and some that it would not, on a real Redis and
 * in memory at the same time: both give the same answers, ring the same bells, and store the same. Which answers are right
 * is what test/redis/protocol.test.ts is about. All times are multiples of 5 s, see there.
 */
const RUNS = Number(process.env.BOSSMAN_RUNS ?? 60);
const SEED = Number(process.env.BOSSMAN_SEED ?? 1);
jest.setTimeout(60_000 + RUNS * 500);

const JOBS = ['job', 'a | b'];
const CALLERS = ['00', '11', '22'].map((digits) => digits.repeat(8));
const TTL = 40_000;
const DAY_S = 86_400;
const PLANS = ['every 20000', 'every 20000 +5000', 'every 30000', 'cron 0 * * * * * UTC'];

type Sent = ReturnType<typeof scriptCall>;

/** What a sequence has made so far. */
class World {
  readonly keys = new Keys(`test-${randomBytes(6).toString('hex')}`, '', 0);
  readonly tokens: string[] = [];
  private sequence = 0;
  private last: { verb: string; call: Sent } | null = null;

  constructor(
    readonly redis: Redis,
    readonly client: TravellingClient,
  ) {}

  get now(): number {
    return Number.isNaN(this.client.answeredAt) ? 0 : this.client.answeredAt;
  }

  /** One that was used before, `back` uses ago; or a new one. */
  token(caller: string, back: number | null): string {
    const used = back === null ? undefined : this.tokens.at(-1 - back);
    if (used !== undefined) return used;
    const token = caller + (this.tokens.length + 1).toString(16).padStart(16, '0');
    this.tokens.push(token);
    return token;
  }

  next(isRepeated: boolean): number {
    if (!isRepeated) this.sequence += 1;
    return this.sequence;
  }

  stamp(job: string): number {
    return Number(travel.mirror.db.hget(this.keys.plans, job)?.split('|')[0] ?? 0);
  }

  slot(job: string): number {
    return travel.mirror.db.zscore(this.keys.due, job) ?? 0;
  }

  async send(verb: string, { keys, args }: Pick<Sent, 'keys' | 'args'>): Promise<void> {
    const call: unknown = Reflect.get(this.client, `bossman:${verb}`);
    if (typeof call !== 'function') throw new TypeError(`there is no script ${verb}`);
    await call(keys.length, ...keys, ...args);
    for (const job of JOBS) await travel.mirror.compare(this.redis, this.keys, job);
  }

  async call(verb: string, call: Sent): Promise<void> {
    this.last = { verb, call };
    await this.send(verb, call);
  }

  async repeat(): Promise<void> {
    if (this.last) await this.send(this.last.verb, this.last.call);
  }

  volatile(): string[] {
    return JOBS.flatMap((job) => [this.keys.lock(job), this.keys.trigger(job)]);
  }
}

type Step = (world: World) => Promise<void>;

const job = fc.constantFrom(...JOBS);
const caller = fc.constantFrom(...CALLERS);
/** Null: a new token. */
const used = fc.option(fc.nat({ max: 5 }));
const repeated = fc.nat({ max: 5 }).map((chance) => chance === 0);
const recover = fc.constantFrom(0, 1);
const by = fc.constantFrom('', '500:{"by":"x"}', '0:{"by":"y"}');
const common = { job, caller, used, repeated, recover, by };

function step<V extends Verb, Given>(
  verb: V,
  given: fc.Arbitrary<Given & { job: string; caller: string }>,
  args: (world: World, given: Given & { job: string; caller: string }) => Args<V>,
): fc.Arbitrary<{ verb: V; make: (world: World) => Sent }> {
  return given.map((of) => ({
    verb,
    make: (world) =>
      scriptCall(verb, { keys: world.keys, caller: of.caller, name: of.job }, args(world, of)) as Sent,
  }));
}

const claims = step(
  'claim',
  fc.record({
    ...common,
    older: fc.nat({ max: 3 }),
    again: fc.option(fc.nat({ max: 3 })),
    misfire: fc.constantFrom(-1, 15_000),
    early: fc.constantFrom(0, 8000),
    pause: fc.constantFrom('', '1|1|1000000000000000|x:1|{}'),
    ttl: fc.constantFrom(TTL, 5000),
  }),
  (world, { job, caller, used, older, again, misfire, early, recover, by, pause, ttl }) => ({
    stamp: world.stamp(job) - (older === 0 ? 1 : 0),
    expected: world.slot(job) - (older === 1 ? 20_000 : 0),
    everyMs: older === 2 ? 0 : 20_000,
    nextSlot: world.slot(job) + 60_000,
    token: world.token(caller, used),
    ttlMs: ttl,
    skipAfterMs: misfire,
    earlyMs: early,
    open: 0,
    listeners: 3,
    recover,
    by,
    again: again === null ? '' : (world.tokens.at(-1 - again) ?? ''),
    knownPause: pause,
  }),
);

const batched = [
  claims,
  claims,
  step('begin', fc.record(common), (world, { caller, used, recover, by }) => ({
    token: world.token(caller, used),
    demandedAt: 1_700_000_000_000,
    ...{ recover, by },
  })),
  step(
    'demand',
    fc.record({ ...common, own: fc.boolean() }),
    (world, { caller, used, repeated, recover, by, own }) => ({
      sequence: world.next(repeated),
      token: own ? world.token(caller, used) : '',
      ttlMs: TTL,
      listeners: 2,
      ...{ recover, by },
    }),
  ),
  step(
    'recover',
    fc.record({ ...common, again: fc.option(fc.nat({ max: 3 })), ttl: fc.constantFrom(TTL, TTL, 0) }),
    (world, { caller, used, by, again, ttl }) => ({
      token: world.token(caller, used),
      ttlMs: ttl,
      by,
      again: again === null ? '' : (world.tokens.at(-1 - again) ?? ''),
    }),
  ),
  step('renew', fc.record(common), (world, { caller, used }) => ({
    token: world.token(caller, used),
    ttlMs: TTL,
  })),
  step(
    'restore',
    fc.record({ ...common, plan: fc.constantFrom(...PLANS), by: fc.integer({ min: -2, max: 2 }) }),
    (world, { job, plan, by }) => ({
      stamp: Math.max(0, world.stamp(job) + by),
      slot: world.slot(job) + by * 5000,
      plan,
      knownPause: '',
    }),
  ),
  step(
    'settle',
    fc.record({
      ...common,
      work: fc.constantFrom('over', 'over', 'stopped', 'going'),
      run: fc.boolean(),
      kept: fc.constantFrom(0, 500),
      leaving: fc.constantFrom(0, 1),
    }),
    (world, { caller, used, repeated, recover, work, run, kept, leaving }) => ({
      token: world.token(caller, used ?? 0),
      startedAt: world.now,
      run: run ? JSON.stringify({ startedAt: world.now }) : '',
      ...{ leaving, kept, work },
      listeners: 1,
      sequence: world.next(repeated),
      failed: recover,
      details: recover === 1 ? '{"stack":"x"}' : '',
    }),
  ),
  step('sweep', fc.record(common), () => ({ names: '[]' })),
  step(
    'take',
    fc.record({ ...common, ttl: fc.constantFrom(TTL, 0), heard: fc.constantFrom(0, 1) }),
    (world, { caller, used, ttl, heard }) => ({
      token: world.token(caller, used),
      ttlMs: ttl,
      originalHeardAt: heard * world.now,
    }),
  ),
];

const alone = [
  step('fire', fc.record(common), (world, { repeated }) => ({ sequence: world.next(repeated) })),
  step('died', fc.record(common), (world, { caller, used }) => ({ token: world.token(caller, used ?? 0) })),
  step('forget', fc.record(common), () => ({})),
  step(
    'pause',
    fc.record({ ...common, duration: fc.constantFrom(0, 25_000) }),
    (world, { repeated, duration }) => ({
      ends: FIRED,
      duration,
      info: '{"by":"a | b"}',
      sequence: world.next(repeated),
    }),
  ),
  step('resume', fc.record(common), (world, { repeated }) => ({
    info: '{}',
    sequence: world.next(repeated),
  })),
  step('present', fc.record(common), () => ({ answer: '{}', ttlMs: 5000 })),
  step('clock', fc.record(common), () => ({})),
];

const single: fc.Arbitrary<Step> = fc.oneof(...batched, ...batched, ...alone).map(
  ({ verb, make }) =>
    (world) =>
      world.call(verb, make(world)),
);

const together: fc.Arbitrary<Step> = fc
  .array(fc.oneof(...batched), { minLength: 1, maxLength: 4 })
  .map((steps) => async (world) => {
    const keys: string[] = [];
    const calls = steps.map(({ verb, make }) => {
      const call = make(world);
      const places = call.keys.map((key) => {
        if (!keys.includes(key)) keys.push(key);
        return keys.indexOf(key) + 1;
      });
      return [verb, places, call.args.map(String)];
    });
    await world.send('many', { keys, args: [JSON.stringify(calls)] });
  });

const hires: fc.Arbitrary<Step> = fc
  .record({
    ...common,
    jobs: fc.constantFrom(JOBS.slice(0, 1), JOBS.slice(1), JOBS, [...JOBS].reverse()),
    plan: fc.constantFrom(...PLANS),
    isSame: fc.boolean(),
    since: fc.constantFrom(0, 15_000),
  })
  .map(({ caller, repeated, jobs, plan, isSame, since }) => async (world) => {
    const call = scriptCall('arm', { keys: world.keys, caller, name: '' }, {});
    const order = `${since === 0 ? 0 : world.now - since} ${world.now + 60_000} ${plan}`;
    for (const [at, name] of jobs.entries()) {
      call.keys.push(world.keys.trigger(name), world.keys.lock(name));
      call.args.push(name, world.next(repeated), at > 0 && isSame ? '' : order);
    }
    await world.call('arm', call as Sent);
  });

const sweeps: fc.Arbitrary<Step> = fc.constant(async (world) => {
  const call = scriptCall(
    'sweep',
    { keys: world.keys, caller: '', name: '' },
    { names: JSON.stringify(JOBS) },
  );
  for (const name of JOBS) call.keys.push(world.keys.lock(name), world.keys.history(name));
  await world.send('sweep', call);
});

const passes: fc.Arbitrary<Step> = fc
  .constantFrom(5, 5, 10, 20, 25, 50, 90, 31 * DAY_S)
  .map((seconds) => async (world) => void (await pass(world.redis, seconds, world.volatile())));

const repeats: fc.Arbitrary<Step> = fc.constant((world) => world.repeat());

const steps = fc.array(
  fc.oneof(single, single, single, together, hires, hires, sweeps, passes, passes, repeats),
  {
    maxLength: 80,
    size: 'max',
  },
);

it('every script returns, rings and stores the same in memory as in Redis', async () => {
  const redis = new Redis(testUrl());
  const listener = new Redis(testUrl());
  const client = new TravellingClient(testUrl());
  for (const [verb, lua] of Object.entries(scripts)) client.defineCommand(`bossman:${verb}`, { lua });
  const heard: string[] = [];
  listener.on('message', (_channel, message) => heard.push(message));
  const called = new Set<string>();
  const property = fc.asyncProperty(steps, async (sequence) => {
    travel.mirror = new Mirror();
    heard.length = 0;
    const world = new World(redis, client);
    await listener.subscribe(world.keys.bell);
    travel.mirror.listen(world.keys.bell);
    try {
      await world.call('clock', scriptCall('clock', { keys: world.keys, caller: '', name: '' }, {}) as Sent);
      for (const step of sequence) await step(world);
      await waitFor('all bells', () => heard.length >= travel.mirror.heard.length);
      expect(heard.map(withoutRests)).toEqual(travel.mirror.heard.map(withoutRests));
      for (const verb of travel.mirror.verbs) called.add(verb);
    } finally {
      await listener.unsubscribe(world.keys.bell);
      const stored = await redis.keys(`${world.keys.plans.slice(0, -'plans'.length)}*`);
      if (stored.length > 0) await redis.del(...stored);
    }
  });
  try {
    await fc.assert(property, { numRuns: RUNS, seed: SEED });
    expect([...called].sort()).toEqual(Object.keys(scripts).sort());
    expect(BATCHED.every((verb) => called.has(verb))).toBe(true);
  } finally {
    await Promise.all([redis, listener, client].map((each) => each.quit()));
  }
});

/** A rest of time passes while Redis works, and whether a demand's trigger of 1 ms is still there is a matter of chance. */
function withoutRests(message: string): string {
  return message
    .replace(/(demand [0-9a-f]+ \d+) [01] -?\d+/g, '$1 - -')
    .replace(/(taken [0-9a-f]+ \d+) [01]/g, '$1 -');
}
