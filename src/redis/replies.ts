import { BossmanError } from '../errors';
import { FIRED } from '../scripts/generated';
import { isTime, listenersFrom, restFrom } from './bounds';
import { type Pause, parsePause } from './pause-records';

/** A script's reply: Redis' time in µs, and the values that its head lists. */
export type Reply = readonly unknown[];

/** A plan as stored in Redis. */
export interface StoredPlan {
  /** Of two plans of one job, the one with the higher stamp wins. */
  stamp: number;
  /** ms on Redis' clock; FIRED or above: fired. */
  slot: number;
  plan: string;
}

const NONE: readonly string[] = [];

/** A lock's token; see Store. */
const TOKEN = /^[0-9a-f]{32}$/;

const PLAN_VERDICTS = ['armed', 'kept', 'done', 'fired', 'stale', 'none', 'restored'] as const;
const CLAIM_VERDICTS = [
  'run',
  'locked',
  'missed',
  'ahead',
  'held',
  'stale',
  'fired',
  'plan',
  'gone',
  'passed',
  'elsewhere',
  'paused',
  'resumed',
] as const;
const DEMAND_VERDICTS = ['begun', 'yours', 'noted', 'done', 'held', 'none'] as const;
const RECOVER_VERDICTS = ['yours', 'held', 'none'] as const;
const RENEW_VERDICTS = ['renewed', 'foreign'] as const;
const DIED_VERDICTS = ['died', 'told', 'none'] as const;
const PAUSE_VERDICTS = ['paused', 'resumed', 'none', 'done'] as const;
const NOTED_RUNS = ['s', 'd', 'S', 'D'] as const;

/** The reply of arm and restore: what is stored now. */
export interface PlanReply extends StoredPlan {
  verdict: (typeof PLAN_VERDICTS)[number];
  /** ms until a demand that waits can be taken; -1 when none waits. */
  demandIn: number;
  /** The last pause or resume of the job; null: none. */
  pause: Pause | null;
}

/** The reply of pause and resume. */
export interface PauseReply {
  /** `none`: the job to resume was not paused. */
  verdict: (typeof PAUSE_VERDICTS)[number];
  /** What is stored now. */
  pause: Pause;
}

/** The common part of replies that may grant a lock. */
interface LockReply {
  /** Redis' time when it answered, in ms. */
  at: number;
  /** When the acquired lock expires, on Redis' clock. */
  lockEndsAt: number;
}

/** The reply of claim. `slot` is the next one. */
export interface ClaimReply extends StoredPlan, LockReply {
  verdict: (typeof CLAIM_VERDICTS)[number];
  /** The slot that was claimed; for `ahead` and `held`, the one that is stored. */
  claimed: number;
  /** How many instances heard of it; 0 for none or unknown. */
  heard: number;
  /** The pause that covers the slot; null if there is none, or if an earlier claim is answered again. */
  pause: Pause | null;
}

/** The reply of demand and take. */
export interface DemandReply extends LockReply {
  verdict: (typeof DEMAND_VERDICTS)[number];
  /** ms on Redis' clock. */
  demandedAt: number;
  /** ms until the job's lock ends, whoever has it; 0: it is free. */
  lockRest: number;
  /** How many instances heard of it; 0 for none or unknown. */
  heard: number;
}

/** The reply of recover. */
export interface RecoverReply extends LockReply {
  verdict: (typeof RECOVER_VERDICTS)[number];
  /** The slot to run again; null: it is a demand. */
  slot: number | null;
  /** The time of the demand to run again; null: it is a slot. */
  demandedAt: number | null;
  /** ms until the job's lock ends, whoever has it; 0: it is free. */
  lockRest: number;
}

/** The reply of renew. */
export interface RenewReply {
  /** `foreign`: the lock is gone, or another instance holds it. */
  verdict: (typeof RENEW_VERDICTS)[number];
  /** Redis' time when it answered, in ms. */
  at: number;
}

/** The reply of died: what the run was for. */
export interface DiedReply {
  /** `died`: the run was recorded, and the caller reports it. */
  verdict: (typeof DIED_VERDICTS)[number];
  slot: number | null;
  demandedAt: number | null;
}

/** The reply of settle. */
export interface SettleReply {
  /** ms until a demand that waits can be taken; -1 when none waits. */
  demandIn: number;
  /** The run of another slot died, or is still running. */
  recoverable: boolean;
}

/** The reply of arm for many jobs, each without the time. */
export function planReplies(replies: Reply): PlanReply[] {
  let last: PlanReply | null = null;
  return replies.map((reply) => {
    // 0: the same as for the previous job, which is common if thousands are hired together.
    last = reply === 0 && last ? last : planReply(listOf(reply), 0);
    return last;
  });
}

/** @param from index of the verdict */
export function planReply(reply: Reply, from = 1): PlanReply {
  return {
    verdict: verdictAt(reply, from, PLAN_VERDICTS),
    stamp: timeAt(reply, from + 1),
    slot: slotAt(reply, from + 2),
    plan: textAt(reply, from + 3),
    demandIn: restAt(reply, from + 4),
    pause: parsePause(textAt(reply, from + 5)),
  };
}

export function claimReply(reply: Reply): ClaimReply {
  return {
    verdict: verdictAt(reply, 1, CLAIM_VERDICTS),
    claimed: slotAt(reply, 2),
    slot: slotAt(reply, 3),
    at: timeOf(reply),
    lockEndsAt: lockEndOf(reply, 4),
    heard: listenersFrom(reply[5]),
    stamp: timeAt(reply, 6),
    plan: textAt(reply, 7),
    pause: parsePause(textAt(reply, 9)),
  };
}

export function fireReply(reply: Reply): Pick<StoredPlan, 'stamp' | 'slot'> {
  return { stamp: timeAt(reply, 2), slot: slotAt(reply, 3) };
}

export function pauseReply(reply: Reply): PauseReply {
  const pause = parsePause(textAt(reply, 2));
  if (!pause) throw foreign(reply[2]);
  return { verdict: verdictAt(reply, 1, PAUSE_VERDICTS), pause };
}

export function demandReply(reply: Reply): DemandReply {
  return {
    verdict: verdictAt(reply, 1, DEMAND_VERDICTS),
    demandedAt: timeAt(reply, 2),
    lockRest: restAt(reply, 3),
    at: timeOf(reply),
    lockEndsAt: lockEndOf(reply, 3),
    heard: listenersFrom(reply[4]),
  };
}

export function recoverReply(reply: Reply): RecoverReply {
  return {
    verdict: verdictAt(reply, 1, RECOVER_VERDICTS),
    slot: numberAt(reply, 4) === 1 ? null : slotAt(reply, 2),
    demandedAt: numberAt(reply, 4) === 1 ? slotAt(reply, 2) : null,
    lockRest: restAt(reply, 3),
    at: timeOf(reply),
    lockEndsAt: lockEndOf(reply, 3),
  };
}

export function renewReply(reply: Reply): RenewReply {
  return { verdict: verdictAt(reply, 1, RENEW_VERDICTS), at: timeOf(reply) };
}

export function settleReply(reply: Reply): SettleReply {
  return { demandIn: restAt(reply, 1), recoverable: numberAt(reply, 2) === 1 };
}

export function diedReply(reply: Reply): DiedReply {
  const verdict = verdictAt(reply, 1, DIED_VERDICTS);
  if (verdict === 'none') return { verdict, slot: null, demandedAt: null };
  const isSlot = verdictAt(reply, 2, NOTED_RUNS).toLowerCase() === 's';
  const at = slotAt(reply, 3);
  return { verdict, slot: isSlot ? at : null, demandedAt: isSlot ? null : at };
}

/** The tokens of runs that may have died. */
export function suspectsAt(reply: Reply, at: number): readonly string[] {
  const text = textAt(reply, at);
  return text === '' ? NONE : text.split(' ').filter((token) => TOKEN.test(token));
}

/** The names that have not been used for 30 days. */
export function sweepReply(reply: Reply): string[] {
  return listOf(reply[1]).map((name) => String(name));
}

export interface ForgetReply {
  /** Whether there was anything to delete. */
  deleted: boolean;
  /** When the waiting demand was made, in ms on Redis' clock; null: none was waiting. */
  demandedAt: number | null;
}

export function forgetReply(reply: Reply): ForgetReply {
  return { deleted: numberAt(reply, 1) > 0, demandedAt: numberAt(reply, 2) > 0 ? slotAt(reply, 2) : null };
}

/** @param at index of the remaining lock time */
function lockEndOf(reply: Reply, at: number): number {
  return timeOf(reply) + restAt(reply, at);
}

/** Redis' time of the reply, in ms with a fraction. */
export function timeOf(reply: Reply): number {
  const us = numberAt(reply, 0);
  if (!(us >= 0 && us < FIRED * 1000)) throw foreign(us);
  return us / 1000;
}

/** The number of subscribers of a channel, from PUBSUB NUMSUB; 0 if unknown. */
export function listenersReply(reply: unknown): number {
  return Array.isArray(reply) ? listenersFrom(Number(reply[1] ?? 0)) : 0;
}

/** @throws BossmanError `COMMAND` for a reply that is not from our scripts */
export function listOf(reply: unknown): Reply {
  if (!Array.isArray(reply)) throw foreign(reply);
  return reply;
}

function verdictAt<Verdict extends string>(reply: Reply, at: number, verdicts: readonly Verdict[]): Verdict {
  const verdict = verdicts.find((known) => known === reply[at]);
  if (verdict === undefined) throw foreign(reply[at]);
  return verdict;
}

function numberAt(reply: Reply, at: number): number {
  const value = reply[at];
  if (typeof value !== 'number') throw foreign(value);
  return value;
}

function timeAt(reply: Reply, at: number): number {
  const value = reply[at];
  if (!isTime(value)) throw foreign(value);
  return value;
}

/** A time, or FIRED and a time. */
function slotAt(reply: Reply, at: number): number {
  const value = numberAt(reply, at);
  if (!isTime(value) && !isTime(value - FIRED)) throw foreign(value);
  return value;
}

function restAt(reply: Reply, at: number): number {
  const rest = restFrom(reply[at]);
  if (rest === null) throw foreign(reply[at]);
  return rest;
}

function textAt(reply: Reply, at: number): string {
  const value = reply[at];
  if (typeof value !== 'string') throw foreign(value);
  return value;
}

function foreign(value: unknown): BossmanError {
  return new BossmanError(
    'COMMAND',
    `a script returned ${String(value)}, which it never does; is there a proxy in between?`,
  );
}
