import type { StoredPlan } from '../../src/redis/replies';
import type { ClaimRequest, NotedRun, OwnDemand, SettleRequest } from '../../src/redis/requests';
import type { Schedule } from '../../src/schedule/schedule';
import { FIRED } from '../../src/scripts/generated';

/** A pause or resume, as an instance remembers it. */
export interface KnownPause {
  readonly stamp: number;
  readonly since: number;
  readonly ends: number;
}

interface Claimed {
  token: string;
  answer: { verdict: string; claimed: number; slot: number; stamp: number };
}

/** What counts beside the plan until it has a slot claimed. */
type Before =
  | null
  /** It replaced another, which has its slot again if it comes back. */
  | { how: 'replaced'; slot: number; plan: string }
  /** It was brought back into an emptied Redis. */
  | { how: 'restored'; at: number }
  /** It was stored in an emptied Redis: what an instance restored from before; null: nothing yet. */
  | { how: 'born'; stamp: number; slot: number; old: StoredPlan | null; at: number };

/** A plan with all that its job's calls have left beside it. */
export interface Entry extends StoredPlan {
  readonly before: Before;
  /** The last claim of each caller, with its answer; the newest is the last. */
  readonly claims: Readonly<Record<string, Claimed>>;
  /** The last hire or fire of each caller. */
  readonly calls: Readonly<Record<string, number>>;
  readonly lastCaller: string;
}

/** A run that began and has not settled. */
interface OpenRun {
  readonly token: string;
  readonly since: number;
  /** `s` and the slot, or `d` and the time of the demand; in capitals for a second run. */
  readonly what: string;
  /** It was recorded as died; `by`: who reports it ('': nobody yet). */
  readonly died: { by: string } | null;
}

/** A run that is recovered if it dies. */
interface Recoverable {
  readonly token: string;
  /** The slot, or the time of the demand. */
  readonly at: number;
  readonly demanded: boolean;
  /** It is itself the second run of a slot or demand, and there is no third. */
  readonly second: boolean;
}

/** Open runs that are known of a job, and runs to recover. */
const KEPT = 8;
/** How many digits of a token are its instance's id. */
const ID = 16;

/** At most `within` ms off. */
export const about = (ms: number, within: number) => expect.closeTo(ms, -Math.log10(2 * within + 1));

/** A key that expires. */
interface Expiring {
  endsAt: number;
  /**
   * By so many ms Redis may have it expire at another time. It reads its clock several times for one call, and a busy machine
   * may stop it in between, but not for longer than the call took.
   */
  within: number;
}

/** ms in which others can object to what came back into an emptied Redis; see scripts/lib.lua. */
const OBJECTION = 300;

/** What each verb is to answer and to leave behind, as DESIGN says it: one job, and one server that forgets nothing. */
export class ProtocolModel {
  entry: Entry | null = null;
  /** The slot that is left when Redis has lost the plan alone; 0: none. */
  left = 0;
  lock: ({ token: string } & Expiring) | null = null;
  /** Null when the key is missing; `original`: it carries the job's name. */
  trigger: ({ original: boolean } & Expiring) | null = null;
  /** ms that the call took which is being answered. */
  took = 0;
  pause: KnownPause | null = null;
  /** The last pause or resume of each caller. */
  pauseCalls: Record<string, number> = {};
  demand = { state: 'idle', token: '', at: 0 };
  /** The last run to begin, of those that are on record. */
  lastRun: { startedAt: number; died: boolean } | null = null;
  /** Runs that began and have not settled, the oldest first. */
  open: OpenRun[] = [];
  /** Runs to recover if they die, the newest last. */
  recovers: Recoverable[] = [];
  runs = 0;
  failures = 0;
  /** Of the last runs. */
  failuresInARow = 0;
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
    const was = this.counts;
    if (was && sequence <= (was.calls[caller] ?? 0)) return this.toldPlan('done', now);
    const live = was !== null && was.slot < FIRED;
    if (was && !live && since > 0 && was.slot - FIRED > since && was.lastCaller !== caller)
      return this.toldPlan('fired', now);

    const calls = { calls: { ...was?.calls, [caller]: sequence }, lastCaller: caller };
    const { endsAt = 0, original = false, within = 0 } = this.triggerAt(now) ?? {};
    const known = Math.abs(endsAt - told) <= within + this.took ? told : endsAt;
    const theirs = original ? known : undefined;
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

  restore(known: StoredPlan | null, pause: KnownPause | null, now: number) {
    const was = this.entry;
    const isPauseBack = pause !== null && pause.stamp > (this.pause?.stamp ?? 0);
    if (isPauseBack) this.pause = pause;
    if (known && isNewer(known, was)) this.bringBack(known, now);
    else if (was && known) this.remindOf(known, was, now);
    if (!this.entry) {
      if (isPauseBack && this.covers(now)) this.trigger = null;
      return { verdict: 'none' };
    }
    const isRestored = this.entry !== was;
    if (isRestored && this.entry.slot >= FIRED) this.trigger = null;
    if (isRestored || isPauseBack || !this.triggerAt(now)) this.setTrigger(now);
    return this.toldPlan(isRestored ? 'restored' : 'kept', now);
  }

  claim(
    caller: string,
    { token, stamp, expected, everyMs, next, skipAfterMs, earlyMs, ttlMs, noted, again, pause }: ClaimRequest,
    now: number,
  ) {
    const was = this.counts;
    if (!was) return { verdict: 'gone' };
    const { [caller]: earlier, ...others } = was.claims;
    if (earlier?.token === token) {
      const holds = earlier.answer.verdict === 'run' && this.holder(now) === token;
      const pause = earlier.answer.verdict === 'paused' ? this.pause : null;
      return { ...earlier.answer, pause, lockEndsAt: holds ? this.lockEndsAt() : about(now, 1) };
    }
    if (again !== null && this.holder(now) === again) this.lock = null;
    if (isDisputed(was.before) && now - was.before.at < OBJECTION) return { verdict: 'gone' };
    const stored = { stamp: was.stamp, plan: was.plan };
    if (was.slot >= FIRED) return { verdict: 'fired', ...stored };
    if (was.stamp !== stamp) return { verdict: 'plan', ...stored };
    if (pause && pause.stamp > (this.pause?.stamp ?? 0)) {
      this.pause = knownPause(pause);
      this.setTrigger(now);
    }

    const wonBefore = earlier?.token === again && earlier.answer.verdict === 'run' ? earlier.answer : null;
    const isOurs =
      wonBefore?.claimed === expected && wonBefore.slot === was.slot && wonBefore.stamp === stamp;
    if (again !== null && this.covers(expected)) return { verdict: 'paused', claimed: expected, ...stored };
    if (again !== null && (!isOurs || was.slot <= now)) return { verdict: 'passed', ...stored };
    const isAwaited = this.recovers.some((run) => run.token === again && run.at === expected && !run.second);
    if (again !== null && noted.recover && !isAwaited) return { verdict: 'elsewhere', ...stored };
    const claimed = again === null ? Math.max(was.slot, expected) : expected;
    if (again === null && claimed > now + (claimed > expected ? 0 : earlyMs)) {
      // Redis came back with an older slot, or somebody else set it back.
      if (claimed > (this.entry?.slot ?? 0)) {
        this.entry = { ...was, slot: claimed, before: unreplaced(was.before) };
        this.setTrigger(now);
      }
      return { verdict: 'ahead', claimed, ...stored };
    }
    let slot = again === null ? next : was.slot;
    const early = Math.max(0, claimed - now);
    const isPaused = this.covers(claimed);
    if (isPaused && !this.covers(now)) return { verdict: 'resumed', claimed, ...stored };
    if (isPaused && early > 0) return { verdict: 'held', claimed, ...stored };
    if (everyMs !== null && again === null) for (slot = claimed + everyMs; slot <= now; ) slot += everyMs;
    if (slot <= now) return { verdict: 'stale', ...stored };

    // It was claimed before its time, by a plan that has been fired or replaced since. The newest claim alone counts: a plan has
    // the slot of an older one only after Redis has lost data, when a slot may be handed out twice.
    if (again === null && Object.values(was.claims).at(-1)?.answer.claimed === claimed) {
      this.entry = { ...was, slot, before: unreplaced(was.before) };
      this.setTrigger(now);
      return { verdict: 'ahead', claimed: slot, ...stored };
    }

    const missed = skipAfterMs !== null && now - claimed > skipAfterMs;
    const won = () => this.takeLock(token, ttlMs + early, now);
    const verdict = isPaused ? 'paused' : missed ? 'missed' : won() ? 'run' : 'locked';
    // The run that goes on has until the slot, or until the next one when it is claimed again.
    if (verdict === 'locked' && (early > 0 || again !== null)) return { verdict: 'held', claimed, ...stored };
    if (verdict === 'run') this.note(token, `s${claimed}`, now, again);
    if (verdict === 'run' && noted.recover) this.noteRecoverable(token, claimed, false);
    if (verdict !== 'run' && !isPaused) this.skips += 1;
    const lockEndsAt = about(verdict === 'run' ? now + early + ttlMs : now, 1);
    const claims = { ...others, [caller]: { token, answer: { verdict, claimed, slot, stamp } } };
    this.entry = { ...was, slot, before: null, claims };
    this.setTrigger(now);
    return { verdict, claimed, slot, lockEndsAt, ...stored };
  }

  fire(caller: string, sequence: number, now: number) {
    const was = this.counts;
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

  pauseJob(caller: string, sequence: number, inMs: number | null, now: number) {
    if (sequence <= (this.pauseCalls[caller] ?? 0)) return { verdict: 'done', pause: this.pause };
    this.pauseCalls[caller] = sequence;
    const ends = inMs === null ? FIRED : now + inMs;
    this.pause = { stamp: Math.max(now, (this.pause?.stamp ?? 0) + 1), since: now, ends };
    if (!this.counts || this.covers(this.counts.slot)) this.trigger = null;
    return { verdict: 'paused', pause: this.pause };
  }

  resume(caller: string, sequence: number, now: number) {
    if (sequence <= (this.pauseCalls[caller] ?? 0)) return { verdict: 'done', pause: this.pause };
    this.pauseCalls[caller] = sequence;
    const { stamp, since, ends } = this.pause ?? { stamp: 0, since: 0, ends: 0 };
    const verdict = now < ends ? 'resumed' : 'none';
    const pause = { stamp: Math.max(now, stamp + 1), since, ends: Math.min(now, ends) };
    this.pause = pause;
    if (verdict === 'resumed' && this.entry && !this.triggerAt(now)) this.setTrigger(now);
    // Nothing is known of a time that a job was never paused since.
    return { verdict, pause: { stamp: pause.stamp, ends: pause.ends } };
  }

  makeDemand(caller: string, sequence: number, own: OwnDemand | null, now: number) {
    const { demand } = this;
    const waits = demand.state !== 'idle';
    if (sequence <= (this.demanded[caller] ?? 0)) {
      if (own === null || demand.token !== own.token) return { verdict: 'done' };
      if (this.holder(now) === own.token) return { verdict: waits ? 'yours' : 'begun' };
    } else {
      this.demanded[caller] = sequence;
      // Demands made before one is taken are one run.
      const isTaken = demand.state === 'taken' && demand.token === this.holder(now);
      if (demand.state === 'idle' || isTaken) demand.at = now;
    }
    demand.state = 'noted';
    if (own && this.takeLock(own.token, own.ttlMs, now)) {
      if (waits) return this.handOverDemand(own.token);
      // No caller knows yet that it would be run.
      this.demand = { ...demand, state: 'idle', token: own.token };
      this.note(own.token, `d${demand.at}`, now);
      if (own.noted.recover) this.noteRecoverable(own.token, demand.at, true);
      return { verdict: 'begun', demandedAt: demand.at };
    }
    return { verdict: 'noted', demandedAt: demand.at, lockRest: this.lockRest(now) };
  }

  take(token: string, ttlMs: number, now: number) {
    const { demand } = this;
    if (demand.token === token && this.holder(now) === token)
      return { verdict: 'yours', demandedAt: demand.at };
    if (demand.state === 'idle') return { verdict: 'none' };
    if (this.takeLock(token, ttlMs, now)) return this.handOverDemand(token);
    return { verdict: 'held', demandedAt: demand.at, lockRest: this.lockRest(now) };
  }

  begin(token: string, demandedAt: number, { recover }: NotedRun, now: number) {
    const { demand } = this;
    const isJoined = demand.state === 'noted' && demand.token === token && this.holder(now) === token;
    if (!this.endWait(token, now) && !isJoined) return undefined;
    this.note(token, `d${demandedAt}`, now);
    if (recover) this.noteRecoverable(token, demandedAt, true);
    return undefined;
  }

  /** `ttlMs` 0: it only gives back. `again`: what it took before, and could not begin. */
  recover(token: string, ttlMs: number, again: string | null, now: number) {
    const back = this.recovers.find((run) => run.token === again && run.second);
    if (again !== null) {
      if (this.holder(now) === again) this.lock = null;
      this.open = this.open.filter((open) => open.token !== again);
      const givenBack = back && { ...back, token: [...back.token].reverse().join(''), second: false };
      if (givenBack) this.recovers = [...this.recovers.filter((run) => run !== back), givenBack];
    }
    const none = { verdict: 'none', slot: 0, demandedAt: null };
    if (ttlMs === 0) return none;
    const mine = this.recovers.find((run) => run.token === token);
    if (mine) return { verdict: 'yours', ...atOf(mine) };
    const isFired = (this.entry?.slot ?? this.left) >= FIRED;
    const isPaused = this.covers(now);
    const first = this.recovers.find((run) => !run.second && (run.demanded || !(isFired || isPaused)));
    const lockRest = this.lockRest(now);
    if (!first) {
      if (isFired) this.recovers = this.recovers.filter(({ second }) => second);
      if (isFired || !(this.holder(now) !== null || isPaused)) this.forgetOver();
      return back && isPaused && !isFired ? { verdict: 'held', lockRest } : none;
    }
    if (!this.takeLock(token, ttlMs, now)) return { verdict: 'held', lockRest };
    this.recovers = [...this.recovers.filter((run) => run !== first), { ...first, token, second: true }];
    this.note(token, `${first.demanded ? 'D' : 'S'}${first.at}`, now);
    return { verdict: 'yours', ...atOf(first), lockEndsAt: about(now + ttlMs, 1) };
  }

  /** `caller` '': it reports nothing. */
  died(caller: string, token: string, now: number) {
    const run = this.open.find((open) => open.token === token);
    if (!run || this.holder(now) === token) return { verdict: 'none', slot: null, demandedAt: null };
    const at = Number(run.what.slice(1));
    const isSlot = /^s/i.test(run.what);
    const of = { slot: isSlot ? at : null, demandedAt: isSlot ? null : at };
    if (run.died && (caller === '' || (run.died.by !== '' && run.died.by !== caller)))
      return { verdict: 'told', ...of };
    // Asked once more by the one who reports it: nothing is written.
    if (run.died?.by === caller) return { verdict: 'died', ...of };
    if (!run.died) {
      this.runs += 1;
      this.failures += 1;
      this.failuresInARow += 1;
      this.ended += 1;
      this.noteLastRun({ startedAt: isSlot ? Math.max(run.since, at) : run.since, died: true });
    }
    this.open = this.open.filter((open) => open !== run);
    this.open.push({ ...run, died: { by: caller } });
    return { verdict: 'died', ...of };
  }

  settle(caller: string, { token, startedAt, run, sequence, failed, work }: SettleRequest, now: number) {
    // The lock of work that continues expires.
    const held = this.holder(now) === token;
    const released = held && work !== 'going';
    if (released) this.lock = null;
    let recoverable = false;
    if (work === 'over') {
      this.recovers = this.recovers.filter((other) => other.token !== token);
      recoverable = this.recovers.some(({ second }) => !second);
      if (!recoverable && this.holder(now) === null) this.forgetOver();
    }
    this.endWait(token, now);
    const isDead = this.open.some((open) => open.token === token && open.died !== null);
    this.open = this.open.filter((open) => open.token !== token);
    // It lives: what was recorded of its death is taken back.
    if (isDead) {
      this.runs -= 1;
      this.failures -= 1;
      this.failuresInARow = Math.max(0, this.failuresInARow - 1);
      this.ended -= 1;
    }
    if (this.demand.token === token) this.demand.token = '';
    if (run === '') return { demandIn: this.demandIn(now), recoverable };
    if (released || sequence > (this.settled[caller] ?? 0)) {
      this.settled[caller] = sequence;
      this.runs += 1;
      if (failed) this.failures += 1;
      this.failuresInARow = failed ? this.failuresInARow + 1 : 0;
      this.ended += 1;
    }
    const ended = { startedAt, died: false };
    if (held || (isDead && this.lastRun?.died)) this.lastRun = ended;
    else this.noteLastRun(ended);
    return { demandIn: this.demandIn(now), recoverable };
  }

  /** What is stored, with the slot that counts: one that was claimed is over, even if somebody else sets it back. */
  private get counts(): Entry | null {
    const { entry } = this;
    const newest = entry && newestClaim(entry);
    if (!newest || entry.slot > newest.claimed) return entry;
    return { ...entry, slot: Math.max(entry.slot, newest.slot) };
  }

  /** All that is kept of the job goes, save for its lock. */
  forget() {
    const { demand, entry, pause } = this;
    const isKept = entry !== null || pause !== null || this.runs > 0;
    const waitedSince = demand.state === 'idle' ? null : demand.at;
    this.losePlan('due');
    this.trigger = null;
    this.losePause();
    this.loseDemands();
    this.loseNotes();
    this.recovers = [];
    return { ...(isKept ? { deleted: true } : {}), demandedAt: waitedSince };
  }

  loseNotes(): void {
    const none = { runs: 0, failures: 0, failuresInARow: 0, skips: 0, ended: 0 };
    Object.assign(this, { lastRun: null, open: [], settled: {}, ...none });
  }

  /** @param what Redis loses the slot too (`due`), or the plan alone */
  losePlan(what: 'due' | 'plans'): void {
    if (what === 'due') this.left = 0;
    else if (this.entry) this.left = this.entry.slot;
    this.entry = null;
  }

  losePause(): void {
    this.pause = null;
    this.pauseCalls = {};
  }

  loseDemands(): void {
    this.demand = { state: 'idle', token: '', at: 0 };
    this.demanded = {};
  }

  /** Time has passed: what expires has been set anew, and that took so many ms. */
  pass(took: number): void {
    for (const key of [this.lock, this.trigger]) if (key) key.within += took;
  }

  holder(now: number): string | null {
    return this.lock && this.lock.endsAt > now ? this.lock.token : null;
  }

  triggerAt(now: number) {
    return this.trigger && this.trigger.endsAt > now ? this.trigger : null;
  }

  /** @param late the token of the claim before, if the slot is claimed again */
  private note(token: string, what: string, now: number, late: string | null = null): void {
    if (this.open.some((open) => open.token === token)) return;
    this.open = [
      ...this.open.filter((open) => open.token !== late),
      { token, since: now, what, died: null },
    ].slice(-KEPT);
  }

  /** One run of each instance. */
  private noteRecoverable(token: string, at: number, demanded: boolean): void {
    // The run of a demand is noted once, even if Redis has lost the demand and it is sent again.
    if (demanded && this.recovers.some((run) => run.token === token)) return;
    const id = token.slice(0, ID);
    const isLast = this.recovers.at(-1)?.token.startsWith(id);
    const others = isLast
      ? this.recovers.slice(0, -1)
      : this.recovers.filter((run) => !run.token.startsWith(id));
    this.recovers = [...others, { token, at, demanded, second: false }].slice(-KEPT);
  }

  /** A second run that is not open has died. One that is may be about to be taken again, as its lock ended too early. */
  private forgetOver(): void {
    const isOpen = ({ token }: Recoverable) => this.open.some((run) => run.token === token && !run.died);
    this.recovers = this.recovers.filter((run) => !run.second || isOpen(run));
  }

  private noteLastRun(run: { startedAt: number; died: boolean }): void {
    if (!this.lastRun || this.lastRun.startedAt <= run.startedAt) this.lastRun = run;
  }

  private endWait(token: string, now: number): boolean {
    if (this.demand.state !== 'taken' || this.demand.token !== token) return false;
    this.demand = { state: 'idle', token, at: now };
    return true;
  }

  private bringBack(known: StoredPlan, now: number): void {
    const was = this.counts;
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
    const { stamp, slot, plan } = this.counts ?? { stamp: 0, slot: 0, plan: '' };
    return { verdict, stamp, slot, plan, demandIn: this.demandIn(now) };
  }

  private demandIn(now: number) {
    return this.demand.state === 'idle' ? -1 : this.lockRest(now);
  }

  private lockRest(now: number) {
    return this.holder(now) === null ? 0 : this.lockEndsAt(now);
  }

  /** @param since counted from then */
  private lockEndsAt(since = 0) {
    const { endsAt, within } = this.lock ?? { endsAt: 0, within: 0 };
    return about(endsAt - since, within + this.took);
  }

  private takeLock(token: string, ttlMs: number, now: number): boolean {
    if (this.holder(now) !== null) return false;
    this.lock = { token, endsAt: now + ttlMs, within: this.took };
    return true;
  }

  private handOverDemand(token: string) {
    this.demand = { ...this.demand, state: 'taken', token };
    return { verdict: 'yours', demandedAt: this.demand.at };
  }

  /** Is it a slot that passes while the job is paused, or before? */
  private covers(slot: number): boolean {
    return this.pause !== null && slot < this.pause.ends;
  }

  private setTrigger(now: number): void {
    const slot = this.counts?.slot ?? 0;
    if (slot >= FIRED) return;
    if (this.covers(slot) && this.covers(now)) this.trigger = null;
    else if (slot > now) this.trigger = { endsAt: slot, original: false, within: this.took };
  }
}

function atOf({ at, demanded }: Recoverable) {
  return { slot: demanded ? null : at, demandedAt: demanded ? at : null };
}

/** Of a record, what the scripts read. */
export function knownPause({ stamp, since, ends }: KnownPause): KnownPause {
  return { stamp, since, ends };
}

/** The last claim under the stamp that is stored. */
export function newestClaim({ claims, stamp }: Entry): Claimed['answer'] | undefined {
  return Object.values(claims)
    .map(({ answer }) => answer)
    .filter((answer) => answer.stamp === stamp)
    .sort((one, other) => other.claimed - one.claimed)[0];
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
