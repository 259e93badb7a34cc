import type { StoredPlan } from '../../src/replies';
import type { Schedule } from '../../src/schedule';
import { type ClaimRequest, FIRED, type SettleRequest } from '../../src/store';

interface Claimed {
  token: string;
  answer: { verdict: string; claimed: number; slot: number };
}

/** What counts beside the plan until it has a slot claimed. */
type Before =
  | null
  /** It replaced another, which has its slot again if it comes back. */
  | { how: 'replaced'; slot: number; plan: string }
  /** It was brought back into an emptied Redis. */
  | { how: 'restored'; at: number }
  /** It began in an emptied Redis; whoever knows what was due before says so. Null: nobody has. */
  | { how: 'born'; stamp: number; slot: number; old: StoredPlan | null; at: number };

/** A plan with all that its job's calls have left beside it. */
export interface Entry extends StoredPlan {
  readonly before: Before;
  /** The last claim of each caller, with its answer. */
  readonly claims: Readonly<Record<string, Claimed>>;
  /** The last hire or fire of each caller. */
  readonly calls: Readonly<Record<string, number>>;
  readonly lastCaller: string;
}

/** Within 50 ms: what an expiry, which is kept in whole ms and counted by another clock reading, may differ by. */
export const about = (ms: number) => expect.closeTo(ms, -2);

/** ms in which others can object to what came back into an emptied Redis; see scripts/lib.lua. */
const OBJECTION = 300;

/** What each verb is to answer and to leave behind, as DESIGN says it: one job, and one server that forgets nothing. */
export class ProtocolModel {
  entry: Entry | null = null;
  lock: { token: string; endsAt: number } | null = null;
  /** Null when the key is missing; `original`: it carries the job's name. */
  trigger: { endsAt: number; original: boolean } | null = null;
  demand = { state: 'idle', token: '', at: 0 };
  /** Start of the run that was noted last. */
  noted = 0;
  runs = 0;
  failures = 0;
  skips = 0;
  /** Runs that are in the history. */
  ended = 0;
  /** The last settle of each caller. */
  settled: Record<string, number> = {};
  demanded: Record<string, number> = {};

  /** @param told the slot in the answer: a trigger's expiry is only known about */
  arm(
    caller: string,
    schedule: Schedule,
    next: number,
    sequence: number,
    since: number,
    told: number,
    now: number,
  ) {
    const was = this.entry;
    if (was && sequence <= (was.calls[caller] ?? 0)) return this.toldPlan('done', now);
    const live = was !== null && was.slot < FIRED;
    if (was && !live && since > 0 && was.slot - FIRED > since && was.lastCaller !== caller)
      return this.toldPlan('fired', now);

    const calls = { calls: { ...was?.calls, [caller]: sequence }, lastCaller: caller };
    const endsAt = this.triggerAt(now)?.original ? this.trigger?.endsAt : undefined;
    const theirs = endsAt !== undefined && Math.abs(endsAt - told) < 50 ? told : endsAt;
    if (live && was.plan === schedule.plan) {
      this.entry = { ...was, ...calls, slot: theirs ?? was.slot };
      if (theirs !== undefined || !this.triggerAt(now)) this.setTrigger(now);
      return this.toldPlan('kept', now);
    }

    const slots = [schedule.everyMs === null ? next : now + schedule.everyMs];
    if (Math.max(...slots) <= now) return { verdict: 'stale' };
    // What is due runs, an interval does not push a nearer slot away, and a plan that comes back has its slot again.
    if (live && (was.slot <= now || schedule.everyMs !== null)) slots.push(was.slot);
    if (live && was.before?.how === 'replaced' && was.before.plan === schedule.plan)
      slots.push(was.before.slot);
    const stamp = Math.max(now, (was?.stamp ?? 0) + 1);
    const slot = theirs ?? Math.min(...slots);
    let before: Before = null;
    if (!was) before = { how: 'born', stamp, slot, old: null, at: now };
    else if (live && theirs === undefined) before = { how: 'replaced', slot: was.slot, plan: was.plan };
    this.entry = { ...calls, stamp, plan: schedule.plan, slot, before, claims: was?.claims ?? {} };
    this.setTrigger(now);
    return this.toldPlan('armed', now);
  }

  restore(known: StoredPlan | null, now: number) {
    const was = this.entry;
    if (known && isNewer(known, was)) this.bringBack(known, now);
    else if (was && known) this.remindOf(known, was, now);
    if (!this.entry) return { verdict: 'none' };
    const isRestored = this.entry !== was;
    if (isRestored && this.entry.slot >= FIRED) this.trigger = null;
    if (isRestored || !this.triggerAt(now)) this.setTrigger(now);
    return this.toldPlan(isRestored ? 'restored' : 'kept', now);
  }

  claim(
    caller: string,
    { token, stamp, expected, everyMs, next, skipAfterMs, ttlMs }: ClaimRequest,
    now: number,
  ) {
    const was = this.entry;
    if (!was) return { verdict: 'gone' };
    const earlier = was.claims[caller];
    if (earlier?.token === token) {
      const holds = earlier.answer.verdict === 'run' && this.holder(now) === token;
      const lockEndsAt = holds ? this.lock?.endsAt : undefined;
      return { ...earlier.answer, lockEndsAt: about(lockEndsAt ?? now) };
    }
    if (isDisputed(was.before) && now - was.before.at < OBJECTION) return { verdict: 'gone' };
    const stored = { stamp: was.stamp, plan: was.plan };
    if (was.slot >= FIRED) return { verdict: 'fired', ...stored };
    if (was.stamp !== stamp) return { verdict: 'plan', ...stored };

    const claimed = Math.max(was.slot, expected);
    if (claimed > now) {
      // Redis came back with an older slot.
      if (claimed > was.slot) {
        this.entry = { ...was, slot: claimed, before: unreplaced(was.before) };
        this.setTrigger(now);
      }
      return { verdict: 'ahead', claimed, ...stored };
    }
    let slot = next;
    if (everyMs !== null) for (slot = claimed + everyMs; slot <= now; ) slot += everyMs;
    if (slot <= now) return { verdict: 'stale', ...stored };

    const missed = skipAfterMs !== null && now - claimed > skipAfterMs;
    const verdict = missed ? 'missed' : this.takeLock(token, ttlMs, now) ? 'run' : 'locked';
    if (verdict !== 'run') this.skips += 1;
    const lockEndsAt = about(verdict === 'run' ? now + ttlMs : now);
    const claims = { ...was.claims, [caller]: { token, answer: { verdict, claimed, slot } } };
    this.entry = { ...was, slot, before: null, claims };
    this.setTrigger(now);
    return { verdict, claimed, slot, lockEndsAt, ...stored };
  }

  fire(caller: string, sequence: number, now: number) {
    const was = this.entry;
    if (was && sequence <= (was.calls[caller] ?? 0)) return { stamp: was.stamp, slot: was.slot };
    const stamp = Math.max(now, (was?.stamp ?? 0) + 1);
    const calls = { ...was?.calls, [caller]: sequence };
    this.entry = {
      stamp,
      slot: FIRED + now,
      plan: was?.plan ?? '',
      before: null,
      claims: was?.claims ?? {},
      calls,
      lastCaller: caller,
    };
    this.trigger = null;
    return { stamp, slot: FIRED + now };
  }

  makeDemand(caller: string, sequence: number, own: { token: string; ttlMs: number } | null, now: number) {
    const { demand } = this;
    const waits = demand.state !== 'idle';
    if (sequence <= (this.demanded[caller] ?? 0)) {
      if (own === null || demand.token !== own.token) return { verdict: 'done' };
      if (this.holder(now) === own.token) return { verdict: waits ? 'yours' : 'begun' };
    } else {
      this.demanded[caller] = sequence;
      // Demands made before one is taken are one run.
      if (demand.state !== 'noted') demand.at = now;
    }
    demand.state = 'noted';
    if (own && this.takeLock(own.token, own.ttlMs, now)) {
      if (waits) return this.handOverDemand(own.token);
      // Nobody was told that it would be run.
      this.demand = { ...demand, state: 'idle', token: own.token };
      return { verdict: 'begun', demandedAt: demand.at };
    }
    return { verdict: 'noted', demandedAt: demand.at, lockRest: about(this.lockRest(now)) };
  }

  take(token: string, ttlMs: number, now: number) {
    const { demand } = this;
    if (demand.token === token && this.holder(now) === token)
      return { verdict: 'yours', demandedAt: demand.at };
    if (demand.state === 'idle') return { verdict: 'none' };
    if (this.takeLock(token, ttlMs, now)) return this.handOverDemand(token);
    return { verdict: 'held', demandedAt: demand.at, lockRest: about(this.lockRest(now)) };
  }

  begin(token: string, now: number) {
    if (this.demand.state !== 'taken' || this.demand.token !== token) return undefined;
    this.demand = { state: 'idle', token, at: now };
    return undefined;
  }

  settle(caller: string, { token, startedAt, sequence, failed }: SettleRequest, now: number) {
    const held = this.holder(now) === token;
    if (held) this.lock = null;
    this.begin(token, now);
    if (this.demand.token === token) this.demand.token = '';
    if (held || sequence > (this.settled[caller] ?? 0)) {
      this.settled[caller] = sequence;
      this.runs += 1;
      if (failed) this.failures += 1;
      this.ended += 1;
    }
    this.noted = Math.max(this.noted, startedAt);
    return { demandIn: this.demandIn(now) };
  }

  loseNotes(): void {
    Object.assign(this, { noted: 0, runs: 0, failures: 0, skips: 0, ended: 0, settled: {} });
  }

  loseDemands(): void {
    this.demand = { state: 'idle', token: '', at: 0 };
    this.demanded = {};
  }

  holder(now: number): string | null {
    return this.lock && this.lock.endsAt > now ? this.lock.token : null;
  }

  triggerAt(now: number) {
    return this.trigger && this.trigger.endsAt > now ? this.trigger : null;
  }

  private bringBack(known: StoredPlan, now: number): void {
    const was = this.entry;
    const slot = was && isSamePlan(known, was) ? Math.max(known.slot, was.slot) : known.slot;
    const before: Before = was ? unreplaced(was.before) : { how: 'restored', at: now };
    this.entry = { claims: {}, calls: {}, lastCaller: '', ...was, ...known, slot, before };
  }

  /** What was due before Redis was emptied stays due. */
  private remindOf(known: StoredPlan, was: Entry, now: number): void {
    const born = was.before;
    if (born?.how !== 'born' || known.stamp >= born.stamp || !isSamePlan(known, was)) return;
    if (!isNewer(known, born.old)) return;
    const stamp = Math.max(now, was.stamp + 1);
    this.entry = {
      ...was,
      stamp,
      slot: Math.min(born.slot, known.slot),
      before: { ...born, old: known, at: now },
    };
  }

  private toldPlan(verdict: string, now: number) {
    const { stamp, slot, plan } = this.entry ?? { stamp: 0, slot: 0, plan: '' };
    return { verdict, stamp, slot, plan, demandIn: this.demandIn(now) };
  }

  private demandIn(now: number) {
    return this.demand.state === 'idle' ? -1 : about(this.lockRest(now));
  }

  private lockRest(now: number): number {
    return Math.max(0, (this.lock?.endsAt ?? 0) - now);
  }

  private takeLock(token: string, ttlMs: number, now: number): boolean {
    if (this.holder(now) !== null) return false;
    this.lock = { token, endsAt: now + ttlMs };
    return true;
  }

  private handOverDemand(token: string) {
    this.demand = { ...this.demand, state: 'taken', token };
    return { verdict: 'yours', demandedAt: this.demand.at };
  }

  private setTrigger(now: number): void {
    const slot = this.entry?.slot ?? 0;
    if (slot > now && slot < FIRED) this.trigger = { endsAt: slot, original: false };
  }
}

/** The higher stamp counts; between equal ones the later slot, as slots only move forward. */
function isNewer(known: StoredPlan, stored: StoredPlan | null): boolean {
  if (!stored || known.stamp !== stored.stamp) return known.stamp > (stored?.stamp ?? 0);
  return known.slot > stored.slot;
}

function isSamePlan(one: StoredPlan, other: StoredPlan): boolean {
  return one.plan === other.plan && Math.max(one.slot, other.slot) < FIRED;
}

/** A slot has been claimed, so the plan that was replaced has no say any more. */
function unreplaced(before: Before): Before {
  return before?.how === 'replaced' ? null : before;
}

function isDisputed(before: Before): before is Exclude<Before, null | { how: 'replaced' }> {
  return before?.how === 'restored' || (before?.how === 'born' && before.old !== null);
}

/** What is stored at one moment. */
export interface Seen {
  /** Redis' time, in ms. */
  readonly at: number;
  /** Null when nothing is stored. */
  readonly plan: StoredPlan | null;
  readonly holder: string | null;
  readonly trigger: string | null;
  /** Everything but the last run's note and what expires, as one text. */
  readonly text: string;
}

/** A call that was answered. */
export interface Answered {
  readonly verb: 'arm' | 'restore' | 'claim' | 'fire' | 'demand' | 'take' | 'begin' | 'settle';
  /** Of a claim, demand, take, begin or settle. */
  readonly token: string | null;
  /** `done` for verbs that have none. */
  readonly verdict: string;
  /** The slot that was claimed. */
  readonly claimed: number;
  /** The lock that it was given holds: what is answered once more when it has ended is not run. */
  readonly holds: boolean;
  readonly everyMs: number | null;
}

/**
 * The guarantees, held against what was answered and what is stored, without a thought for how it comes about. After a
 * loss of data they are suspended for the slots, until Redis holds again what it had told somebody.
 */
export class Promises {
  private lastRun = 0;
  /** The stamp of the last fire, until a hire. */
  private fired: number | null = null;
  /** The slots of one stamp: the first of them, and the distance. */
  private grid: { stamp: number; first: number; everyMs: number } | null = null;
  /** The stamp that Redis has lost. */
  private lost: number | null = null;
  /** By token: the slot of each run that was handed out. */
  private readonly handedOut = new Map<string | null, number>();
  /** A demand that has not begun, and who took it. */
  private owed: { taker: string | null } | null = null;

  losePlan(stamp: number): void {
    this.lost = Math.max(stamp, this.lost ?? 0);
  }

  loseDemands(): void {
    this.owed = null;
  }

  check(call: Answered, before: Seen, after: Seen): void {
    this.checkPlan(call, before, after);
    if (call.verb === 'claim' && call.verdict === 'run' && call.holds) this.checkRun(call, after);
    this.checkLock(call, before.holder, after.holder);
    this.checkDemand(call, before, after);
    // Over when what was lost, or what came after it, is there again. A plan from before may have run slots meanwhile.
    const { plan } = after;
    if (this.lost !== null && plan && plan.stamp >= this.lost && plan.slot > this.lastRun) this.lost = null;
  }

  /** The same call once more, and nothing was lost since it was first answered. */
  checkRepeat(first: Answered, again: Answered, before: Seen, after: Seen): void {
    const isCarriedOut = /^(armed|kept|fired|run|locked|missed|yours|begun|noted|done)$/.test(first.verdict);
    // A restore is carried out each time; a hire that a fire stood against is not remembered.
    if (!isCarriedOut || first.verb === 'restore' || (first.verb !== 'fire' && first.verdict === 'fired'))
      return;
    // Nor has what was taken begun, if its lock is gone.
    if (/^(take|demand)$/.test(first.verb) && first.token !== null && before.holder !== first.token) return;
    promise('a repeated call changes nothing', before.text === after.text);
    if (first.verb === 'claim')
      promise(
        'a repeated claim has its answer again',
        again.verdict === first.verdict && again.claimed === first.claimed,
      );
  }

  private checkPlan(call: Answered, before: Seen, after: Seen): void {
    const { verb, verdict } = call;
    const [was, is] = [before.plan, after.plan];
    if (was) promise('no call loses a plan', is !== null);
    if (!is) return;
    if (was) promise('stamps grow', is.stamp >= was.stamp);
    const taken = verb === 'arm' && before.trigger !== null && !/^\d/.test(before.trigger);
    if (was?.stamp === is.stamp && !taken) promise('slots only move forward', is.slot >= was.slot);
    if (verdict === 'armed' || (verb === 'fire' && verdict === 'fired'))
      promise('a new plan has a new stamp', is.stamp > (was?.stamp ?? 0));

    if (verb === 'arm' && verdict === 'armed') {
      this.fired = null;
      this.grid = call.everyMs === null ? null : { stamp: is.stamp, first: is.slot, everyMs: call.everyMs };
      const live = was !== null && was.slot < FIRED;
      if (live && call.everyMs !== null && !taken)
        promise('a changed interval never delays', is.slot <= was.slot);
    } else if (taken || (was && verdict === 'restored' && was.stamp !== is.stamp)) {
      // Another's grid: the original's, or what was due of the same plan under another stamp.
      this.grid = null;
    }
    if (verb === 'fire' && verdict === 'fired') this.fired = is.stamp;
    // A plan that is born again after a loss gets a new stamp, above that of a fire that was lost as well.
    if (verdict === 'restored' && this.lost !== null && is.slot < FIRED) this.fired = null;
    // As long as Redis has not forgotten it.
    if (this.fired !== null && is.stamp >= this.fired) promise('fired stays fired', is.slot >= FIRED);
    if (this.grid?.stamp === is.stamp && is.slot < FIRED)
      promise('slots are on the grid', (is.slot - this.grid.first) % this.grid.everyMs === 0);

    // A claim that is answered once more was not carried out once more.
    const isRepeated = verb === 'claim' && before.text === after.text;
    const sets = /^(armed|kept|restored|run|locked|missed)$/.test(verdict) && !isRepeated;
    if (sets && is.slot < FIRED && is.slot > after.at)
      promise('a plan that is ahead has a trigger', after.trigger !== null);
    if (is.slot >= FIRED && verdict === 'fired' && verb === 'fire')
      promise('a fired plan has none', after.trigger === null);
  }

  private checkRun({ claimed, token }: Answered, { at, holder, plan }: Seen): void {
    if (this.handedOut.get(token) === claimed) return;
    this.handedOut.set(token, claimed);
    promise('a run has the lock', holder === token);
    promise('a slot is handed out when it is due', claimed <= at && plan !== null && plan.slot > claimed);
    if (this.lost === null) promise('a slot is handed out once', claimed > this.lastRun);
    this.lastRun = Math.max(this.lastRun, claimed);
  }

  private checkLock({ verb, verdict, token }: Answered, was: string | null, is: string | null): void {
    if (was === is) return;
    const told = /^(run|yours|begun)$/.test(verdict);
    if (is !== null)
      promise('only a free lock is taken, by whom it is told', was === null && told && is === token);
    else promise('a lock is released by its holder', verb === 'settle' && was === token);
  }

  private checkDemand({ verb, verdict, token }: Answered, before: Seen, after: Seen): void {
    const { owed } = this;
    const { holder } = before;
    // Otherwise it was answered once more.
    const isCarriedOut = before.text !== after.text;
    if (verb === 'demand' && verdict === 'begun')
      promise('nobody else waits for what counts as run when it is made', owed === null);
    else if (verb === 'demand' && isCarriedOut) this.owed = { taker: verdict === 'yours' ? token : null };
    if (verb === 'take') {
      promise('a demand is handed out once for each time it is made', owed !== null || verdict === 'none');
      promise('a demand that waits can be taken', owed === null || verdict !== 'none');
      promise(
        'a demand waits for nothing but the lock',
        owed === null || holder !== null || verdict === 'yours',
      );
      if (verdict === 'yours' && isCarriedOut) this.owed = { taker: token };
    }
    if ((verb === 'begin' || verb === 'settle') && owed?.taker === token) this.owed = null;
  }
}

function promise(what: string, kept: boolean): void {
  if (!kept) throw new Error(`broken: ${what}`);
}
