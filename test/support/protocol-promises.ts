import type { StoredPlan } from '../../src/redis/replies';
import { FIRED } from '../../src/scripts/generated';
import type { KnownPause } from './protocol-model';

/** What is stored at one moment. */
export interface Seen {
  /** Redis' time, in ms. */
  readonly at: number;
  /** Null when nothing is stored. */
  readonly plan: StoredPlan | null;
  /** The last pause or resume; null when none is stored. */
  readonly pause: KnownPause | null;
  readonly holder: string | null;
  readonly trigger: string | null;
  /** Everything but the last run's note and what expires, as one text. */
  readonly text: string;
}

/** A call that was answered. */
export interface Answered {
  readonly verb:
    | 'arm'
    | 'restore'
    | 'claim'
    | 'fire'
    | 'pause'
    | 'resume'
    | 'demand'
    | 'take'
    | 'begin'
    | 'settle'
    | 'recover'
    | 'died';
  /** Of a claim, demand, take, begin, recover, settle or died. */
  readonly token: string | null;
  /** Who called; of died, '' for one that reports nothing. */
  readonly caller: string;
  /** `done` for verbs that have none. */
  readonly verdict: string;
  /** The slot that was claimed. */
  readonly claimed: number;
  /** The lock that it was given holds: what is answered once more when it has ended is not run. */
  readonly holds: boolean;
  readonly everyMs: number | null;
  /** So long before the slot a claim asked for it. */
  readonly earlyMs: number;
  /** Of a claim or recover: the token with which it was won before, and has not begun. */
  readonly again: string | null;
  /** The run is recovered if it dies. */
  readonly recovers: boolean;
  /** Of a recover: the slot; null: it is a demand. */
  readonly slot: number | null;
  /** Of a settle: the run is over, and is not recovered. */
  readonly isOver: boolean;
}

/** Of one stamp: somebody else set the stored slot back. */
export interface SetBack {
  readonly stamp: number;
  readonly from: number;
  readonly to: number;
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
  private readonly settled = new Set<string | null>();
  /** By token: the slot (null: a demand) of each run that is recovered if it dies, and whether it is a second run. */
  private readonly recoverable = new Map<string | null, { slot: number | null; second: boolean }>();
  /** By token: who reported its death. */
  private readonly reporters = new Map<string | null, string>();
  /** The last slot that somebody else set back. */
  foreign: SetBack | null = null;
  /** A demand that has not begun, and who took it. */
  private owed: { taker: string | null } | null = null;

  /** @param foreign of the plan that Redis comes back with: it is of a time after its slot was set back */
  losePlan(stamp: number, foreign: SetBack | null = null): void {
    this.lost = Math.max(stamp, this.lost ?? 0);
    this.foreign = foreign;
  }

  loseDemands(): void {
    this.owed = null;
  }

  /** Nothing is known any more of who reported which death. */
  loseNotes(): void {
    this.reporters.clear();
  }

  /** Somebody else sets the stored slot back: from here on that reads as what was stored before. */
  setBack(stamp: number, from: number, to: number): void {
    const before = this.foreign?.stamp === stamp && this.foreign.to === from ? this.foreign.from : from;
    this.foreign = { stamp, from: before, to };
  }

  check(call: Answered, seenBefore: Seen, seenAfter: Seen): void {
    const [before, after] = [this.undone(seenBefore), this.undone(seenAfter)];
    this.checkPlan(call, before, after);
    if (call.verb === 'claim' && call.verdict === 'run' && call.holds) this.checkRun(call, after);
    // A lock that ended too early for its run is given up by the claim that follows, unless Redis has lost the plan.
    const isGivenUp = call.again !== null && call.again === before.holder && call.again !== after.holder;
    this.checkLock(call, isGivenUp ? null : before.holder, after.holder);
    this.checkPause(call, before, after);
    this.checkDeath(call, before, after);
    this.checkDemand(call, before, after);
    this.checkRecovery(call, before, after);
    // Over when what was lost, or what came after it, is there again. A plan from before may have run slots meanwhile.
    const { plan } = after;
    if (this.lost !== null && plan && plan.stamp >= this.lost && plan.slot > this.lastRun) this.lost = null;
  }

  /** The same call once more, and nothing was lost since it was first answered. */
  checkRepeat(first: Answered, again: Answered, before: Seen, after: Seen): void {
    const isCarriedOut = /^(armed|kept|fired|run|locked|missed|paused|yours|begun|noted|done|died)$/.test(
      first.verdict,
    );
    // A restore is carried out each time; a hire that a fire stood against is not remembered.
    if (!isCarriedOut || first.verb === 'restore' || (first.verb !== 'fire' && first.verdict === 'fired'))
      return;
    // Nor has what was taken begun, if its lock is gone.
    if (/^(take|demand|recover)$/.test(first.verb) && first.token !== null && before.holder !== first.token)
      return;
    promise('a repeated call changes nothing', before.text === after.text);
    if (first.verb === 'claim')
      promise(
        'a repeated claim has its answer again',
        again.verdict === first.verdict && again.claimed === first.claimed,
      );
  }

  private undone(seen: Seen): Seen {
    const { foreign } = this;
    const { plan } = seen;
    if (!plan || plan.stamp !== foreign?.stamp || plan.slot !== foreign.to) return seen;
    return { ...seen, plan: { ...plan, slot: foreign.from } };
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
    const isPaused = after.pause !== null && Math.max(is.slot, after.at) < after.pause.ends;
    if (sets && is.slot < FIRED && is.slot > after.at && !isPaused)
      promise('a plan that is ahead has a trigger', after.trigger !== null);
    if (verb === 'claim' && before.pause?.stamp !== after.pause?.stamp && isPaused)
      promise('a pause that a claim brings back leaves no trigger', after.trigger === null);
    // A claim that only releases a slot leaves the trigger, which an original may have set meanwhile.
    if (/^(armed|paused)$/.test(verdict) && isPaused && !isRepeated && call.again === null)
      promise('a paused plan has none', after.trigger === null);
    if (is.slot >= FIRED && verdict === 'fired' && verb === 'fire')
      promise('a fired plan has none', after.trigger === null);
  }

  private checkRun({ claimed, token, earlyMs, again }: Answered, { at, holder, plan }: Seen): void {
    if (this.handedOut.get(token) === claimed) return;
    this.handedOut.set(token, claimed);
    promise('a run has the lock', holder === token);
    promise(
      'a slot is handed out when it is due, or asked for',
      claimed <= at + earlyMs && plan !== null && plan.slot > claimed,
    );
    if (this.lost === null && again === null) promise('a slot is handed out once', claimed > this.lastRun);
    if (this.lost === null && again !== null)
      promise(
        'a slot is claimed again by whoever won it last',
        claimed === this.lastRun && this.handedOut.get(again) === claimed,
      );
    this.handedOut.delete(again);
    this.lastRun = Math.max(this.lastRun, claimed);
  }

  private checkPause({ verb, verdict, claimed }: Answered, before: Seen, after: Seen): void {
    const [was, is] = [before.pause, after.pause];
    if (was) promise('no call loses a pause', is !== null && is.stamp >= was.stamp);
    // A claim brings back what Redis has lost, and its caller knows.
    const isWriter = /^(pause|resume|restore)$/.test(verb) || verb === 'claim';
    if (!isWriter) promise('paused stays paused, whatever else is called', was?.stamp === is?.stamp);
    if (verb === 'pause' && verdict === 'paused')
      promise('a pause begins', is !== null && is.ends > after.at);
    if (verb === 'resume' && verdict !== 'done')
      promise('a resume ends it', is !== null && is.ends <= after.at);
    // Otherwise it was answered once more.
    const isClaimed = verb === 'claim' && before.text !== after.text;
    if (isClaimed && verdict === 'run' && is)
      promise('no slot is handed out that passes while the job is paused', claimed >= is.ends);
    if (isClaimed && is && after.at < is.ends)
      promise('no slot is missed while the job is paused', verdict !== 'missed');
  }

  private checkLock({ verb, verdict, token }: Answered, was: string | null, is: string | null): void {
    if (was === is) return;
    const told = /^(run|yours|begun)$/.test(verdict);
    if (is !== null)
      promise('only a free lock is taken, by whom it is told', was === null && told && is === token);
    else promise('a lock is released by its holder', verb === 'settle' && was === token);
  }

  private checkDeath({ verb, verdict, token, caller }: Answered, before: Seen, after: Seen): void {
    const { holder } = before;
    if (verb === 'settle') this.settled.add(token);
    // Redis came back from before its claim, which is sent again, and won again.
    else if (/^(run|yours|begun)$/.test(verdict) && before.text !== after.text) this.settled.delete(token);
    if (verb !== 'died' || verdict !== 'died') return;
    promise(
      'a run that has settled, or holds its lock, has not died',
      !this.settled.has(token) && holder !== token,
    );
    if (caller === '') return;
    const reporter = this.reporters.get(token) ?? caller;
    this.reporters.set(token, reporter);
    promise('a death is reported by one', reporter === caller);
  }

  private checkRecovery(call: Answered, before: Seen, after: Seen): void {
    const { verb, verdict, token, again, slot, claimed } = call;
    const { recoverable } = this;
    if (verb === 'settle' && call.isOver) recoverable.delete(token);
    // Otherwise it was answered once more.
    if (before.text === after.text) return;
    const begins = verb === 'begin' || (verb === 'demand' && verdict === 'begun');
    const isRun = verb === 'claim' && verdict === 'run';
    if (call.recovers && (begins || isRun))
      recoverable.set(token, { slot: isRun ? claimed : null, second: false });
    if (again === null && verb !== 'recover') return;
    const late = recoverable.get(again);
    if (isRun || (verb === 'recover' && late?.second)) recoverable.delete(again);
    if (verb !== 'recover') return;
    if (late?.second) recoverable.set(`given back by ${again}`, { ...late, second: false });
    if (verdict !== 'yours') return;
    const [first] = [...recoverable].find(([, run]) => run.slot === slot && !run.second) ?? [];
    promise(
      'a run is run once more if it has begun and is not over, and not a third time',
      first !== undefined,
    );
    recoverable.delete(first ?? null);
    recoverable.set(token, { slot, second: true });
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
