import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { Keys } from '../../src/redis/keys';
import { covers, type Pause, parsePause, pauseInfo } from '../../src/redis/pause-records';
import type { PlanReply, StoredPlan } from '../../src/redis/replies';
import type { ClaimRequest } from '../../src/redis/requests';
import { Store } from '../../src/redis/store';
import { everySchedule, type Schedule } from '../../src/schedule/schedule';
import { FIRED } from '../../src/scripts/generated';
import { RedisClock } from '../../src/time/clock';
import { Mirror } from '../support/mirror';
import {
  about,
  type Entry,
  type KnownPause,
  knownPause,
  newestClaim,
  ProtocolModel,
} from '../support/protocol-model';
import { type Answered, Promises, type Seen, type SetBack } from '../support/protocol-promises';
import { testUrl } from '../support/redis';
import { msOf, msSince, pass, TravellingClient, travel } from '../support/travel';

/*
 * Random calls of three instances, and what may happen around them, on a real Redis. After each call its answer and what
 * is stored are compared with the model, and the guarantees with both.
 *
 * Time: the scripts run on Redis' clock plus what the steps have let pass, so that nothing here waits. All times are
 * multiples of 5 s, and a sequence takes some 10 ms: nothing is ever only just due.
 */
const JOB = 'job';
const TTL = 40_000;
const SKIP_AFTER = 15_000;
const MINUTE = 60_000;
const noted = (recover: boolean) => ({ recover, history: 100 });
const NOTED = noted(false);
/** Sequences, and the seed that decides them; the nightly run says otherwise, with a seed of its own each time. */
const RUNS = Number(process.env.BOSSMAN_RUNS ?? 300);
const SEED = Number(process.env.BOSSMAN_SEED ?? 1);
// Some 20 ms for each, and a while to shrink one that fails.
// On two busy cores a sequence takes up to 0.4 s.
jest.setTimeout(60_000 + RUNS * 500);
/** A command with all its arguments, so that it can be sent again. */
interface Call {
  verb: Answered['verb'];
  token: string | null;
  /** Of the plan that is armed. */
  everyMs: number | null;
  /** Of a claim. */
  earlyMs?: number;
  /** Of died: who reports it. */
  caller?: string;
  again?: string | null;
  /** The run is recovered if it dies. */
  recovers?: boolean;
  /** Of a settle. */
  isOver?: boolean;
  // biome-ignore lint/suspicious/noConfusingVoidType: what the store resolves with
  send(): Promise<object | void>;
  /** What the answer should be, by the model, which takes the call in. */
  expected(now: number, reply: unknown): object | undefined;
}

interface Sent {
  call: Call;
  /** First; or when it was won, if that is later. */
  answered: Answered;
  /** How much had been lost by then. */
  losses: number;
}

interface Won {
  token: string;
  startedAt: number;
  begun: boolean;
  slot: number;
  /** 0: of a slot. */
  demandedAt: number;
  earlyMs: number;
  recovers: boolean;
  /** It is the second run of a slot or demand. */
  isSecond: boolean;
}

/** An instance, as far as the protocol sees it. */
class Member {
  known: StoredPlan | null = null;
  pause: Pause | null = null;
  /** The locks that it was given and has not settled. */
  won: Won[] = [];
  /** What may be on its way twice: the last few commands. */
  sent: Sent[] = [];
  lastClaim: ClaimRequest | null = null;

  constructor(
    readonly client: TravellingClient,
    readonly store: Store,
  ) {}

  get id(): string {
    return this.store.instance;
  }

  learn(stored: StoredPlan): void {
    const { known } = this;
    const isOlder = known && stored.stamp === known.stamp && stored.slot < known.slot;
    if (known && (stored.stamp < known.stamp || isOlder)) return;
    this.known = { stamp: stored.stamp, slot: stored.slot, plan: stored.plan };
  }

  learnPause(pause: Pause | null): void {
    if (pause && pause.stamp > (this.pause?.stamp ?? 0)) this.pause = pause;
  }

  /** Its process dies, and another starts in its place. */
  restart(): void {
    this.known = null;
    this.pause = null;
    this.won = [];
    this.sent = [];
    this.lastClaim = null;
  }

  /**
   * Only what was not answered is sent again: of claims and takes there is one at a time, and what has begun, or is over,
   * was answered.
   */
  repeatable(): Sent[] {
    const last = (verb: string) => this.sent.filter(({ call }) => call.verb === verb).at(-1);
    const waits = (token: string | null) => this.won.some((run) => run.token === token && !run.begun);
    return this.sent.filter((sent) => {
      const { verb, token } = sent.call;
      if (verb === 'claim') return sent === last('claim');
      const { verdict } = sent.answered;
      const isWon = this.won.some((run) => run.token === token);
      if (verb === 'recover') return sent === last('recover') && (verdict !== 'yours' || isWon);
      if (verb === 'take') return sent === last('take') && (verdict !== 'yours' || waits(token));
      if (verb === 'demand' && verdict === 'yours') return waits(token);
      if (verb === 'demand' && verdict === 'begun') return isWon;
      return true;
    });
  }
}

/** A job, three instances, and what is to hold of them. */
class World {
  readonly model = new ProtocolModel();
  readonly promises = new Promises();
  readonly keys = new Keys(`test-${randomBytes(6).toString('hex')}`, '', 0);
  readonly members: Member[];
  readonly schedules: Schedule[];
  /** What was stored of the plan, the newest last. */
  readonly past: { entry: Entry; text: string; slot: string; foreign: SetBack | null }[] = [];
  losses = 0;

  constructor(
    readonly redis: Redis,
    clients: TravellingClient[],
    startedAt: number,
  ) {
    this.members = clients.map(
      (client) =>
        new Member(
          client,
          new Store(client, this.keys, new RedisClock(), { clockJump: () => {}, suspects: () => {} }),
        ),
    );
    const intervals = [20, 30, 70].map((seconds) => everySchedule(seconds * 1000));
    this.schedules = [...intervals, everyMinuteFrom(startedAt)];
  }

  member(index: number): Member {
    const member = this.members[index];
    if (!member) throw new RangeError(`there is no member ${index}`);
    return member;
  }

  async pass(seconds: number): Promise<void> {
    const took = await pass(this.redis, seconds, [this.keys.lock(JOB), this.keys.trigger(JOB)]);
    this.model.pass(took);
  }

  /** Data was lost, which takes a while: no stamp from before is given again. */
  async lose(): Promise<void> {
    this.losses += 1;
    await this.pass(5);
  }

  async clear(): Promise<void> {
    const { plans, due, demands, runs, recovers, counts, paused } = this.keys;
    const ofJob = [this.keys.lock(JOB), this.keys.trigger(JOB), this.keys.demandTrigger(JOB)];
    await this.del(plans, due, demands, runs, recovers, counts, paused, this.keys.history(JOB), ...ofJob);
  }

  /** In Redis and in memory, as the next one. */
  async del(...keys: string[]): Promise<void> {
    await this.redis.del(...keys);
    travel.mirror.db.del(...keys);
  }

  async setSlot(slot: number): Promise<void> {
    await this.redis.zadd(this.keys.due, slot, JOB);
    travel.mirror.db.zadd(this.keys.due, slot, JOB);
  }

  async now(): Promise<number> {
    return msOf(await this.redis.time());
  }

  async call<Reply extends object>(member: Member, call: Call & { send(): Promise<Reply> }): Promise<Reply>;
  async call(member: Member, call: Call): Promise<unknown>;
  async call(member: Member, call: Call): Promise<unknown> {
    const before = await this.look();
    const reply = await call.send();
    this.model.took = member.client.took;
    const expected = call.expected(member.client.answeredAt, reply);
    if (expected) expect(reply).toMatchObject(expected);
    const after = await this.look();
    await travel.mirror.compare(this.redis, this.keys, JOB);
    const answered = answerTo(call, reply, before, after);
    this.promises.check(answered, before, after);

    const earlier = member.sent.find((sent) => sent.call === call);
    // What is sent again may be won only then.
    const isKnown = earlier !== undefined && member.won.some(({ token }) => token === call.token);
    const isWon = answered.holds && /^(run|yours|begun)$/.test(answered.verdict);
    if (call.token && !isKnown && isWon) {
      const { answeredAt } = member.client;
      member.won.push({
        token: call.token,
        startedAt: answeredAt,
        begun: call.verb === 'recover' || answered.verdict !== 'yours',
        slot: answered.claimed,
        demandedAt: Number(valueIn(reply, 'demandedAt') ?? 0),
        earlyMs: answered.earlyMs,
        recovers: answered.recovers,
        isSecond: call.verb === 'recover',
      });
    }
    if (earlier) {
      if (earlier.losses === this.losses)
        this.promises.checkRepeat(earlier.answered, answered, before, after);
      if (isWon) Object.assign(earlier, { answered, losses: this.losses });
      return reply;
    }
    member.sent = [...member.sent.slice(-3), { call, answered, losses: this.losses }];
    return reply;
  }

  /** What is stored, which must agree with the model. */
  async look(): Promise<Seen> {
    const { keys, model, redis } = this;
    const askedAt = performance.now();
    const answers = await redis
      .multi()
      .time()
      .hget(keys.plans, JOB)
      .zscore(keys.due, JOB)
      .hget(keys.demands, JOB)
      .hget(keys.runs, JOB)
      .hget(keys.counts, JOB)
      .xlen(keys.history(JOB))
      .get(keys.lock(JOB))
      .get(keys.trigger(JOB))
      .pttl(keys.lock(JOB))
      .pttl(keys.trigger(JOB))
      .hget(keys.paused, JOB)
      .hget(keys.recovers, JOB)
      .exec();
    const took = msSince(askedAt);
    const [[, time] = [], ...others] = answers ?? [];
    const at = msOf(time);
    const [text, slot, demand, run, counts, kept, holder, trigger, lockRest, triggerRest, paused, recovers] =
      others.map(([, value]) => String(value ?? ''));
    const pause = knownOf(parsePause(paused));
    const [stamp, plan = ''] = (text ?? '').split('|');
    const stored = text && slot ? { stamp: Number(stamp), slot: Number(slot), plan } : null;
    const { entry } = model;
    const lock = holder === '' ? null : model.lock;
    const awaited = model.triggerAt(at);
    const { startedAt, end } = JSON.parse(run || '{}');
    const { runs, failures, failuresInARow, skips, ended } = model;
    // One comparison, as each takes the stack.
    expect({
      pause,
      stored,
      holder,
      lockRest: lock && Number(lockRest),
      trigger,
      triggerRest: awaited && Number(triggerRest),
      demand: demand?.split('|')[0] || 'idle',
      lastRun: run ? { startedAt, died: end === 'died' } : null,
      open: openIn(counts ?? ''),
      // settle may leave a space where the first entry was.
      recovers: recovers?.trim(),
      counts: counts?.split('|').slice(0, 3).join('|') || '0|0|0',
      failuresInARow: Number(/\|[^|]*\brow:(\d+)[^|]*$/.exec(counts ?? '')?.[1] ?? 0),
      kept,
    }).toEqual({
      pause: model.pause,
      stored: entry && { stamp: entry.stamp, slot: entry.slot, plan: entry.plan },
      holder: model.holder(at) ?? '',
      lockRest: lock && about(lock.endsAt - at, lock.within + took),
      trigger: awaited ? (awaited.original ? JOB : String(awaited.endsAt)) : '',
      triggerRest: awaited && about(awaited.endsAt - at, awaited.within + took),
      demand: model.demand.state,
      lastRun: model.lastRun,
      open: model.open.map(
        ({ token, since, what, died }) => `${token}:${since}:${what}:${died ? `died:${died.by}` : 'open'}`,
      ),
      recovers: model.recovers
        .map(({ token, at, second, demanded }) => `${token}:${at}:${Number(second)}${demanded ? 'd' : ''}`)
        .join(' '),
      counts: `${runs}|${failures}|${skips}`,
      failuresInARow,
      kept: String(ended),
    });
    const { foreign } = this.promises;
    if (entry && text && slot && this.past.at(-1)?.entry !== entry)
      this.past.push({ entry, text, slot, foreign });
    return {
      at,
      plan: stored,
      pause,
      holder: holder || null,
      trigger: trigger || null,
      text: [text, slot, demand, holder, counts, kept, paused].join('\n'),
    };
  }
}

type Step = fc.AsyncCommand<World, undefined>;

const who = fc.nat({ max: 2 });

function step(text: string, check: (world: World) => boolean, run: (world: World) => Promise<unknown>): Step {
  return {
    check,
    run: async (world) => void (await run(world)),
    toString: () => text,
  };
}

const always = () => true;

const arming = ({ who, plan, hired }: { who: number; plan: number; hired: string }) =>
  step(`${who} arms plan ${plan}, hired ${hired}`, always, async (world) => {
    const member = world.member(who);
    const schedule = world.schedules[plan] ?? everyMinuteFrom(0);
    const now = await world.now();
    const since = hired === 'now' ? now : hired === 'a while ago' ? now - 15_000 : 0;
    const next = schedule.everyMs === null ? schedule.next(now, now) : 0;
    const sequence = member.store.nextSequence();
    const reply = await world.call(member, {
      verb: 'arm',
      token: null,
      everyMs: schedule.everyMs,
      send: () =>
        new Promise<PlanReply>((answered, refused) => {
          member.store.arm({ name: JOB, schedule, next, sequence, since, answered, refused });
        }),
      expected: (at, reply) =>
        world.model.arm(member.id, schedule, next, sequence, since, Number(valueIn(reply, 'slot')), at),
    });
    if (reply.verdict !== 'stale') member.learn(reply);
    member.learnPause(reply.pause);
  });

const arms = fc
  .record({
    who,
    plan: fc.nat({ max: 3 }),
    hired: fc.constantFrom('now', 'a while ago', 'before the clock was known'),
  })
  .map(arming);

async function restore(world: World, who: number): Promise<void> {
  const member = world.member(who);
  const { known, pause, store } = member;
  const reply = await world.call(member, {
    verb: 'restore',
    token: null,
    everyMs: null,
    send: () => store.restore(JOB, known, pause),
    expected: (at) => world.model.restore(known, knownOf(pause), at),
  });
  if (known && reply.verdict !== 'none') member.learn(reply);
  member.learnPause(reply.pause);
}

const restoring = (who: number) => step(`${who} restores`, always, (world) => restore(world, who));

const restores = who.map(restoring);

interface Claiming {
  who: number;
  token: string;
  misfire: string;
  slow: boolean;
  early: number;
  recover: boolean;
}

const claiming = ({ who, token, misfire, slow, early, recover }: Claiming) =>
  step(
    `${who} claims up to ${early} ms early with a ${token} token, misfire ${misfire}${slow ? ', its clock slow' : ''}${recover ? ', to be recovered' : ''}`,
    (world) => {
      const { known } = world.member(who);
      return known !== null && known.slot < FIRED;
    },
    async (world) => {
      const member = world.member(who);
      const known = member.known ?? { stamp: 0, slot: 0, plan: '' };
      const schedule = world.schedules.find(({ plan }) => plan === known.plan);
      if (!schedule) throw new Error(`nobody arms '${known.plan}'`);
      const { everyMs } = schedule;
      const after = slow ? known.slot : Math.max(known.slot, await world.now());
      const request: ClaimRequest = {
        name: JOB,
        stamp: known.stamp,
        expected: known.slot,
        everyMs,
        next: everyMs === null ? schedule.next(known.slot, after) : 0,
        token: token === 'last' && member.lastClaim ? member.lastClaim.token : member.store.nextToken(),
        ttlMs: TTL,
        skipAfterMs: misfire === 'skip' ? SKIP_AFTER : null,
        earlyMs: early,
        open: false,
        listeners: 0,
        noted: noted(recover),
        pause: covers(member.pause, known.slot) ? member.pause : null,
        again: null,
      };
      member.lastClaim = request;
      const reply = await world.call(member, {
        verb: 'claim',
        token: request.token,
        everyMs: null,
        earlyMs: early,
        recovers: recover,
        send: () => member.store.claim(request),
        expected: (at) => world.model.claim(member.id, request, at),
      });
      const { verdict, pause } = reply;
      member.learnPause(pause);
      if (verdict === 'resumed' && pause)
        member.learn({ ...known, slot: schedule.next(reply.claimed, pause.ends - 1) });
      else if (verdict === 'plan' || verdict === 'fired') member.learn(reply);
      else if (verdict === 'ahead' || verdict === 'held') member.learn({ ...known, slot: reply.claimed });
      else if (verdict !== 'gone' && verdict !== 'stale')
        member.learn({ ...known, stamp: reply.stamp, slot: reply.slot });
    },
  );

const claims = fc
  .record({
    who,
    token: fc.constantFrom('new', 'last'),
    misfire: fc.constantFrom('run', 'skip'),
    slow: fc.boolean(),
    early: fc.constantFrom(0, 8000),
    recover: fc.boolean(),
  })
  .map(claiming);

const claimingAgain = ({ who, misfire }: { who: number; misfire: string }) =>
  step(
    `${who} claims again what it won, misfire ${misfire}`,
    (world) => {
      const { won, lastClaim } = world.member(who);
      return won.some(({ token }) => token === lastClaim?.token);
    },
    async (world) => {
      const member = world.member(who);
      const first = member.lastClaim;
      const run = member.won.find(({ token }) => token === first?.token);
      const slot = run?.slot;
      if (!first || !run || slot === undefined) return;
      member.won = member.won.filter((other) => other !== run);
      const request: ClaimRequest = {
        ...first,
        expected: slot,
        token: member.store.nextToken(),
        // As when it was won: a later claim with the same token may have asked for less, and have been answered once more.
        earlyMs: run.earlyMs,
        noted: noted(run.recovers),
        skipAfterMs: misfire === 'skip' ? SKIP_AFTER : null,
        pause: covers(member.pause, slot) ? member.pause : null,
        again: run.token,
      };
      member.lastClaim = request;
      const reply = await world.call(member, {
        verb: 'claim',
        token: request.token,
        everyMs: null,
        earlyMs: request.earlyMs,
        again: run.token,
        recovers: run.recovers,
        send: () => member.store.claim(request),
        expected: (at) => world.model.claim(member.id, request, at),
      });
      if (reply.verdict === 'plan' || reply.verdict === 'fired') member.learn(reply);
    },
  );

const claimsAgain = fc.record({ who, misfire: fc.constantFrom('run', 'skip') }).map(claimingAgain);

const firing = (who: number) =>
  step(`${who} fires`, always, async (world) => {
    const member = world.member(who);
    const sequence = member.store.nextSequence();
    const reply = await world.call(member, {
      verb: 'fire',
      token: null,
      everyMs: null,
      send: () => member.store.fire(JOB, sequence),
      expected: (at) => world.model.fire(member.id, sequence, at),
    });
    if (reply.slot >= FIRED) member.learn({ ...reply, plan: '' });
  });

const fires = who.map(firing);

const pausing = ({ who, inMs }: { who: number; inMs: number | null }) =>
  step(`${who} pauses${inMs === null ? '' : ` for ${inMs} ms`}`, always, async (world) => {
    const member = world.member(who);
    const sequence = member.store.nextSequence();
    const end = inMs === null ? null : { inMs };
    const reply = await world.call(member, {
      verb: 'pause',
      token: null,
      everyMs: null,
      send: () => member.store.pause(JOB, end, pauseInfo('host:1', 'a | b', false), sequence),
      expected: (at) => world.model.pauseJob(member.id, sequence, inMs, at),
    });
    member.learnPause(reply.pause);
  });

const pauses = fc.record({ who, inMs: fc.constantFrom(null, 25_000, 90_000) }).map(pausing);

const resumes = who.map((who) =>
  step(`${who} resumes`, always, async (world) => {
    const member = world.member(who);
    const sequence = member.store.nextSequence();
    const reply = await world.call(member, {
      verb: 'resume',
      token: null,
      everyMs: null,
      send: () => member.store.resume(JOB, pauseInfo('host:1', null, true), sequence),
      expected: (at) => world.model.resume(member.id, sequence, at),
    });
    member.learnPause(reply.pause);
  }),
);

const forgetting = (who: number) =>
  step(`${who} forgets`, always, async (world) => {
    const { model, promises } = world;
    if (model.entry) promises.losePlan(model.entry.stamp);
    promises.loseDemands();
    promises.loseNotes();
    expect(await world.member(who).store.forget(JOB)).toMatchObject(model.forget());
    await world.look();
    await world.lose();
  });

const forgets = who.map(forgetting);

const demanding = ({ who, takes, recover }: { who: number; takes: boolean; recover: boolean }) =>
  step(
    `${who} demands${takes ? ' and takes' : ''}${recover ? ', to be recovered' : ''}`,
    always,
    async (world) => {
      const member = world.member(who);
      const own = takes ? { token: member.store.nextToken(), ttlMs: TTL, noted: noted(recover) } : null;
      const sequence = member.store.nextSequence();
      await world.call(member, {
        verb: 'demand',
        token: own?.token ?? null,
        everyMs: null,
        recovers: recover,
        send: () => member.store.demand(JOB, sequence, 0, own),
        expected: (at) => world.model.makeDemand(member.id, sequence, own, at),
      });
    },
  );

const demands = fc.record({ who, takes: fc.boolean(), recover: fc.boolean() }).map(demanding);

const taking = (who: number) =>
  step(`${who} takes`, always, async (world) => {
    const member = world.member(who);
    const token = member.store.nextToken();
    await world.call(member, {
      verb: 'take',
      token,
      everyMs: null,
      send: () => member.store.take(JOB, token, TTL, null),
      expected: (at) => world.model.take(token, TTL, at),
    });
  });
const takes = who.map(taking);

const beginning = ({ who, recover }: { who: number; recover: boolean }) =>
  step(
    `${who} begins${recover ? ', to be recovered' : ''}`,
    (world) => world.member(who).won.some(({ begun }) => !begun),
    async (world) => {
      const member = world.member(who);
      const run = member.won.find(({ begun }) => !begun);
      if (!run) return;
      run.begun = true;
      await world.call(member, {
        verb: 'begin',
        token: run.token,
        everyMs: null,
        recovers: recover,
        send: () => member.store.begin(JOB, run.token, run.demandedAt, noted(recover)),
        expected: (at) => world.model.begin(run.token, run.demandedAt, noted(recover), at),
      });
    },
  );
const begins = fc.record({ who, recover: fc.boolean() }).map(beginning);

const recovering = ({ who, how }: { who: number; how: string }) =>
  step(
    how === 'new'
      ? `${who} recovers`
      : `${who} gives back what it recovered${how === 'late' ? ', and recovers' : ''}`,
    (world) => how === 'new' || world.member(who).won.some(({ isSecond }) => isSecond),
    async (world) => {
      const member = world.member(who);
      const late = how === 'new' ? undefined : member.won.find(({ isSecond }) => isSecond);
      member.won = member.won.filter((run) => run !== late);
      const token = member.store.nextToken();
      const again = late?.token ?? null;
      const ttlMs = how === 'quits' ? 0 : TTL;
      await world.call(member, {
        verb: 'recover',
        token,
        everyMs: null,
        again,
        send: () => member.store.recover(JOB, token, ttlMs, noted(true), again),
        expected: (at) => world.model.recover(token, ttlMs, again, at),
      });
    },
  );

const recoveries = fc.record({ who, how: fc.constantFrom('new', 'new', 'late', 'quits') }).map(recovering);

const settling = ({ who, end }: { who: number; end: 'over' | 'stopped' | 'going' | 'not run' }) =>
  step(
    `${who} ${end === 'not run' ? 'gives back' : `settles a run that is ${end}`}`,
    (world) => world.member(who).won.length > 0,
    async (world) => {
      const member = world.member(who);
      const run = member.won.shift();
      if (!run) return;
      const { token, startedAt } = run;
      const sequence = member.store.nextSequence();
      const request = {
        name: JOB,
        token,
        startedAt,
        details: '',
        run: end === 'not run' ? '' : noteOf(startedAt),
        leaving: false,
        listeners: 0,
        sequence,
        failed: sequence % 2 === 0,
        history: 100,
        work: end === 'not run' ? 'over' : end,
      } as const;
      await world.call(member, {
        verb: 'settle',
        token,
        everyMs: null,
        isOver: request.work === 'over',
        send: () => member.store.settle(request),
        expected: (at) => world.model.settle(member.id, request, at),
      });
    },
  );

const settles = fc
  .record({
    who,
    end: fc.constantFrom('over' as const, 'stopped' as const, 'going' as const, 'not run' as const),
  })
  .map(settling);

const dying = ({ who, which, reports }: { who: number; which: number; reports: boolean }) =>
  step(
    `${who} takes open run ${which} for dead${reports ? '' : ', and reports nothing'}`,
    ({ model }) => model.open.length > 0,
    async (world) => {
      const { store } = world.member(who);
      const { open } = world.model;
      const token = open[which % open.length]?.token ?? '';
      const caller = reports ? store.instance : '';
      await world.call(world.member(who), {
        verb: 'died',
        token,
        everyMs: null,
        caller,
        send: () => store.died(JOB, token, reports),
        expected: (at) => world.model.died(caller, token, at),
      });
    },
  );

const deaths = fc.record({ who, which: fc.nat({ max: 7 }), reports: fc.boolean() }).map(dying);

const repeating = ({ who, which }: { who: number; which: number }) =>
  step(
    `${who} sends again what it sent, ${which} before the last`,
    (world) => world.member(who).repeatable().length > which,
    async (world) => {
      const member = world.member(who);
      const sent = member.repeatable().at(-1 - which);
      if (sent) await world.call(member, sent.call);
    },
  );

const repeats = fc.record({ who, which: fc.nat({ max: 3 }) }).map(repeating);

const restarts = who.map((who) =>
  step(`${who} restarts`, always, async (world) => world.member(who).restart()),
);

const passing = (seconds: number) => step(`${seconds} s pass`, always, (world) => world.pass(seconds));

const passes = fc.constantFrom(5, 10, 25, 50, 90, 200).map(passing);

const losing = (what: string) =>
  step(`Redis loses ${what}`, always, async (world) => {
    const { keys, model, promises } = world;
    const isLost = (kind: string) => what === kind || what === 'everything';
    if (isLost('trigger')) {
      await world.del(keys.trigger(JOB));
      model.trigger = null;
    }
    if (isLost('lock')) {
      await world.del(keys.lock(JOB));
      model.lock = null;
    }
    if (isLost('plans')) await world.del(keys.plans);
    if (isLost('due')) await world.del(keys.due);
    if (isLost('plans') || isLost('due')) {
      if (model.entry) promises.losePlan(model.entry.stamp);
      model.losePlan(isLost('due') ? 'due' : 'plans');
    }
    if (isLost('paused')) {
      await world.del(keys.paused);
      model.losePause();
    }
    if (isLost('demands')) {
      await world.del(keys.demands);
      model.loseDemands();
      promises.loseDemands();
    }
    if (isLost('recovers')) {
      await world.del(keys.recovers);
      model.recovers = [];
    }
    if (isLost('everything')) {
      await world.del(keys.runs, keys.counts, keys.history(JOB));
      model.loseNotes();
      promises.loseNotes();
    }
    await world.lose();
  });

const losses = fc
  .constantFrom('trigger', 'lock', 'plans', 'due', 'paused', 'demands', 'recovers', 'everything')
  .map(losing);

const rollback = ({ back, who }: { back: number; who: number | null }) =>
  step(
    `Redis comes back with the plan of ${back} changes ago${who === null ? '' : `, and ${who} restores`}`,
    (world) => world.past.length > back,
    async (world) => {
      const { redis, keys, model, promises } = world;
      const older = world.past.at(-1 - back);
      if (!older) return;
      await redis.hset(keys.plans, JOB, older.text);
      travel.mirror.db.hset(keys.plans, JOB, older.text);
      await world.setSlot(Number(older.slot));
      promises.losePlan(Math.max(...world.past.map(({ entry }) => entry.stamp)), older.foreign);
      model.entry = older.entry;
      await world.lose();
      if (who !== null) await restore(world, who);
    },
  );

const rollbacks = fc.record({ back: fc.integer({ min: 1, max: 4 }), who: fc.option(who) }).map(rollback);

const setBack = (what: string) =>
  step(
    `somebody else sets the slot back to one that is ${what}`,
    ({ model: { entry } }) => entry !== null && entry.slot < FIRED && newestClaim(entry) !== undefined,
    async (world) => {
      const { model, promises } = world;
      const { entry } = model;
      const newest = entry && newestClaim(entry);
      const to = what === 'long past' ? 5 : newest?.claimed;
      if (!entry || to === undefined || to >= entry.slot) return;
      await world.setSlot(to);
      promises.setBack(entry.stamp, entry.slot, to);
      model.entry = { ...entry, slot: to };
    },
  );

const setsBack = fc.constantFrom('long past', 'just claimed').map(setBack);

const original = (seconds: number) =>
  step(`an original sets the trigger to ${seconds} s`, always, async ({ redis, keys, model }) => {
    const endsAt = msOf(await redis.time()) + seconds * 1000;
    // Exactly then, as the memory's has to end at the same time.
    const set = await redis.set(keys.trigger(JOB), JOB, 'PXAT', endsAt - travel.passedS * 1000, 'NX');
    if (!set) return;
    model.trigger = { endsAt, original: true, within: 0 };
    travel.mirror.setTextAt(keys.trigger(JOB), JOB, endsAt);
  });

const originals = fc.constantFrom(10, 35).map(original);

describe('three instances, whatever they call in whatever order and whatever is lost,', () => {
  let redis: Redis;
  let clients: TravellingClient[];

  beforeEach(() => {
    redis = new Redis(testUrl());
    travel.mirror = new Mirror();
    clients = [1, 2, 3].map(() => new TravellingClient(testUrl()));
  });

  afterEach(async () => {
    await Promise.all([redis, ...clients].map((client) => client.quit()));
  });

  describe('of a cron plan', () => {
    let world: World;
    let slot: number;
    let sequence = 0;

    const arm = async (member: Member) => {
      const [schedule] = world.schedules.slice(-1);
      if (!schedule) throw new Error('there is no cron plan');
      const now = await world.now();
      slot = schedule.next(now, now);
      sequence += 1;
      return new Promise<StoredPlan>((answered, refused) => {
        member.store.arm({ name: JOB, schedule, next: slot, sequence, since: 0, answered, refused });
      });
    };
    const claim = (member: Member, { stamp }: { stamp: number }) =>
      member.store.claim({
        name: JOB,
        stamp,
        expected: slot,
        everyMs: null,
        next: slot + MINUTE,
        token: member.store.nextToken(),
        ttlMs: 1,
        skipAfterMs: null,
        earlyMs: 8000,
        open: false,
        listeners: 0,
        noted: NOTED,
        pause: null,
        again: null,
      });

    beforeEach(async () => {
      world = new World(redis, clients, msOf(await redis.time()));
    });

    afterEach(() => world.clear());

    it('are not given a slot early that they did not ask for', async () => {
      const [one, other] = [world.member(0), world.member(1)];
      const armed = await arm(one);
      await world.pass(55);
      expect(await claim(one, armed)).toMatchObject({ verdict: 'run', claimed: slot, slot: slot + MINUTE });
      await world.pass(60);
      expect(await claim(other, armed)).toMatchObject({ verdict: 'ahead', claimed: slot + MINUTE });
    });

    it.each([
      ['the slot itself', 0],
      ['an earlier one', -MINUTE],
      ['a time long past', Number.NEGATIVE_INFINITY],
    ])('are not given a slot twice when somebody else sets it back to %s', async (_, distance) => {
      const [one, other] = [world.member(0), world.member(1)];
      const armed = await arm(one);
      await world.pass(60);
      expect(await claim(one, armed)).toMatchObject({ verdict: 'run', claimed: slot });
      await world.pass(5);
      await world.setSlot(Math.max(0, slot + distance));
      // It has not heard of the claim.
      expect(await claim(other, armed)).toMatchObject({ verdict: 'ahead', claimed: slot + MINUTE });
      expect(Number(await redis.zscore(world.keys.due, JOB))).toBe(slot + MINUTE);
    });

    it('are not given a slot twice when it was claimed early, and the job is fired and hired again', async () => {
      const [one, other] = [world.member(0), world.member(1)];
      const armed = await arm(one);
      const first = slot;
      await world.pass(55);
      expect(await claim(one, armed)).toMatchObject({ verdict: 'run', claimed: first });
      sequence += 1;
      await other.store.fire(JOB, sequence);
      const armedAgain = await arm(other);
      expect(slot).toBe(first);
      await world.pass(10);
      const next = first + MINUTE;
      expect(await claim(other, armedAgain)).toMatchObject({ verdict: 'ahead', claimed: next, slot: next });
    });
  });

  const CLAIM = { who: 0, token: 'new', misfire: 'run', slow: false, early: 0, recover: false };
  const OWN = { who: 2, takes: true, recover: false };
  const END = { who: 2, end: 'over' } as const;
  const finding = recovering({ who: 2, how: 'new' });
  const again = recovering({ who: 1, how: 'late' });
  /** Instance 1 took over a slot, and the lock ended before it could begin. */
  const late = [
    arming({ who: 0, plan: 2, hired: 'now' }),
    passing(90),
    claiming({ ...CLAIM, recover: true }),
    passing(50),
    recovering({ who: 1, how: 'new' }),
    passing(50),
  ];

  /** Sequences that were once not accepted. */
  it.each<[string, Step[]]>([
    [
      'Redis comes back with a slot that somebody else had set another back to',
      [
        arming({ who: 0, plan: 0, hired: 'now' }),
        passing(50),
        arming({ who: 2, plan: 0, hired: 'now' }),
        claiming({ ...CLAIM, who: 2 }),
        setBack('just claimed'),
        firing(1),
        rollback({ back: 3, who: 0 }),
      ],
    ],
    [
      'a fire is sent again after somebody else has set the slot back',
      [
        firing(1),
        arming({ who: 0, plan: 0, hired: 'now' }),
        passing(90),
        claiming(CLAIM),
        setBack('long past'),
        repeating({ who: 1, which: 0 }),
      ],
    ],
    [
      'a claim is won early when it is sent again, and is made once more',
      [
        arming({ who: 0, plan: 0, hired: 'now' }),
        claiming({ ...CLAIM, early: 8000 }),
        passing(15),
        repeating({ who: 0, which: 0 }),
        claiming({ ...CLAIM, token: 'last' }),
        claimingAgain({ who: 0, misfire: 'run' }),
      ],
    ],
    [
      'Redis comes back from before a claim that is sent again, and its run dies',
      [
        arming({ who: 0, plan: 0, hired: 'now' }),
        passing(90),
        claiming(CLAIM),
        settling({ who: 0, end: 'over' }),
        arming({ who: 1, plan: 0, hired: 'now' }),
        rollback({ back: 2, who: null }),
        repeating({ who: 0, which: 1 }),
        passing(50),
        dying({ who: 0, which: 0, reports: false }),
      ],
    ],
    [
      'a run dies whose demand was made again between its take and its begin',
      [
        demanding({ ...OWN, who: 0, takes: false }),
        taking(1),
        demanding({ ...OWN, who: 0, takes: false }),
        beginning({ who: 1, recover: true }),
        repeating({ who: 1, which: 0 }),
        dying({ who: 0, which: 0, reports: true }),
        passing(50),
        finding,
      ],
    ],
    [
      'a demand that is run is sent again after Redis has lost it',
      [
        demanding({ ...OWN, recover: true }),
        passing(200),
        losing('demands'),
        repeating({ who: 2, which: 0 }),
      ],
    ],
    [
      'an instance dies in a run of a slot that it had to claim again',
      [
        arming({ who: 0, plan: 2, hired: 'now' }),
        passing(90),
        claiming(CLAIM),
        passing(25),
        passing(20),
        claimingAgain({ who: 0, misfire: 'run' }),
        passing(50),
        dying({ who: 1, which: 0, reports: true }),
      ],
    ],
    [
      'somebody else sets a slot back twice, and another plan is armed',
      [
        arming({ who: 1, plan: 0, hired: 'now' }),
        passing(200),
        claiming({ ...CLAIM, who: 1 }),
        setBack('just claimed'),
        setBack('long past'),
        arming({ who: 0, plan: 1, hired: 'now' }),
      ],
    ],
    [
      'a demand is sent again after its run was reported as died and its job was forgotten',
      [
        demanding({ ...OWN, who: 1 }),
        passing(200),
        dying({ who: 0, which: 0, reports: true }),
        forgetting(0),
        repeating({ who: 1, which: 0 }),
        passing(50),
        dying({ who: 1, which: 0, reports: true }),
      ],
    ],
    ['a second run is late while a demand settles', [...late, demanding(OWN), settling(END), again]],
    ['a second run is late while another instance finds nothing to recover', [...late, finding, again]],
    [
      'the second run of a demand is late while its job is fired',
      [
        demanding({ ...OWN, who: 0, recover: true }),
        passing(50),
        recovering({ who: 1, how: 'new' }),
        passing(50),
        firing(2),
        finding,
        again,
      ],
    ],
    [
      'a slot is released because of a pause, and an original has set the trigger meanwhile',
      [
        arming({ who: 2, plan: 0, hired: 'now' }),
        passing(25),
        claiming({ ...CLAIM, who: 2 }),
        pausing({ who: 0, inMs: null }),
        original(10),
        claimingAgain({ who: 2, misfire: 'run' }),
      ],
    ],
    [
      'Redis loses a pause, an original sets the trigger, and a claim before the slot brings the pause back',
      [
        arming({ who: 0, plan: 0, hired: 'now' }),
        pausing({ who: 0, inMs: null }),
        losing('paused'),
        original(10),
        claiming(CLAIM),
      ],
    ],
    [
      'a claim of a slot that was due before a pause is sent again',
      [
        arming({ who: 0, plan: 0, hired: 'now' }),
        passing(25),
        pausing({ who: 1, inMs: null }),
        claiming(CLAIM),
        repeating({ who: 0, which: 0 }),
      ],
    ],
    [
      'Redis loses the plan of a job that was fired, but not its slot, and a run of it is to be recovered',
      [
        arming({ who: 1, plan: 0, hired: 'now' }),
        passing(90),
        claiming({ ...CLAIM, who: 1, recover: true }),
        firing(0),
        losing('plans'),
        finding,
      ],
    ],
    [
      'Redis comes back with a claim that it had lost, and another plan has its slot once a later one is claimed',
      [
        arming({ who: 0, plan: 0, hired: 'now' }),
        arming({ who: 1, plan: 0, hired: 'now' }),
        passing(90),
        claiming({ ...CLAIM, who: 1 }),
        rollback({ back: 1, who: null }),
        arming({ who: 1, plan: 1, hired: 'now' }),
        rollback({ back: 2, who: null }),
        claiming(CLAIM),
        restoring(1),
        claiming({ ...CLAIM, who: 1 }),
      ],
    ],
  ])('are answered as the model says when %s', async (_, sequence) => {
    const world = new World(redis, clients, msOf(await redis.time()));
    try {
      for (const step of sequence) {
        expect(step.check(world)).toBe(true);
        await step.run(world, undefined);
      }
    } finally {
      await world.clear();
    }
  });

  it('are answered as the model says, and the guarantees hold', async () => {
    const planned = [
      arms,
      arms,
      restores,
      claims,
      claims,
      claims,
      claims,
      claimsAgain,
      claimsAgain,
      fc.oneof(fires, restarts),
      fc.oneof(pauses, resumes),
    ];
    const demanded = [demands, takes, begins, settles, recoveries, recoveries];
    const around = [
      repeats,
      repeats,
      deaths,
      passes,
      passes,
      passes,
      rollbacks,
      fc.oneof(losses, originals, setsBack, forgets),
    ];
    const steps = fc.commands<World, undefined, false>([...planned, ...demanded, ...around], {
      maxCommands: 80,
      size: 'max',
    });
    const property = fc.asyncProperty(steps, async (sequence) => {
      const world = new World(redis, clients, msOf(await redis.time()));
      try {
        await fc.asyncModelRun(() => ({ model: world, real: undefined }), sequence);
      } finally {
        await world.clear();
      }
    });
    await fc.assert(property, { numRuns: RUNS, seed: SEED });
    expect(travel.mirror.agreed).toBeGreaterThan(10 * RUNS);
  });
});

/** A call's answer and effect, in the words of the guarantees. */
function answerTo(call: Call, reply: unknown, before: Seen, after: Seen): Answered {
  const verdict = valueIn(reply, 'verdict');
  const hasFired = call.verb === 'fire' && after.plan?.stamp !== before.plan?.stamp;
  return {
    verb: call.verb,
    token: call.token,
    everyMs: call.everyMs,
    earlyMs: call.earlyMs ?? 0,
    caller: call.caller ?? '',
    again: call.again ?? null,
    recovers: call.recovers ?? false,
    slot:
      call.verb === 'recover' && valueIn(reply, 'demandedAt') === null
        ? Number(valueIn(reply, 'slot'))
        : null,
    isOver: call.isOver ?? false,
    verdict: typeof verdict === 'string' ? verdict : hasFired ? 'fired' : 'done',
    claimed: Number(valueIn(reply, 'claimed') ?? 0),
    holds: Number(valueIn(reply, 'lockEndsAt')) > Number(valueIn(reply, 'at')),
  };
}

function valueIn(reply: unknown, key: string): unknown {
  return typeof reply === 'object' && reply !== null ? Reflect.get(reply, key) : undefined;
}

function everyMinuteFrom(startMs: number): Schedule {
  return {
    plan: 'cron * * * * * UTC',
    everyMs: null,
    next: (_slot, after) => startMs + (Math.floor((after - startMs) / MINUTE) + 1) * MINUTE,
    previous: () => null,
  };
}

/** The notes of runs that have not settled; see scripts/lib.lua. */
function openIn(counts: string): string[] {
  const [, notes = ''] = /^\d+\|\d+\|\d+\|(.*) \| .*$/.exec(counts) ?? [];
  return notes.split(' ').flatMap((note) => {
    const [, begun, died, by] = /^(\w+:\d+:\w+):(?:(![\d-]*):(\w*)|\d+:"by".*)$/.exec(note) ?? [];
    return note === '' ? [] : [`${begun}:${died ? `died:${by}` : 'open'}`];
  });
}

function knownOf(pause: Pause | null): KnownPause | null {
  return pause && knownPause(pause);
}

function noteOf(startedAt: number): string {
  return JSON.stringify({ startedAt });
}
