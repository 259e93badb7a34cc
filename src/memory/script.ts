import { FIRED, FOREIGN_LOCK, KEPT, KEPT_CALLS } from '../scripts/generated';
import type { Keyspace } from './keyspace';

/** What a script works on. A script is atomic and sees one time. */
export interface Script {
  readonly db: Keyspace;
  /** Redis' time in whole ms. */
  readonly now: number;
  readonly nowUs: number;
  /** Rings the bell. Returns the number of instances that heard it. */
  ring(bell: string, ...words: string[]): number;
  /** Keeps the record of a run, and replaces an earlier record with the same token. */
  ended(name: string, token: string, fields: string[]): void;
}

/** A verb in TypeScript: it does the same as the script of that name, and returns the same answer. */
export type Carried = (script: Script, keys: readonly string[], args: readonly string[]) => unknown[];

/** `int` of lib.lua; all numbers are integers here. */
export function int(number: number): string {
  return String(number);
}

/** lib.lua describes this and all functions below. */
export function remember(list: string, id: string, entry: string, count: number = KEPT): string {
  if (list === '') return entry;
  const last = list.lastIndexOf(' ') + 1;
  if (list.startsWith(id, last)) return list.slice(0, last) + entry;
  const kept = list.split(' ').filter((item) => item !== '' && !item.startsWith(id));
  return [...kept, entry].slice(-count).join(' ');
}

export function rememberCall(calls: string, caller: string, sequence: string): string {
  return remember(calls, `${caller}:`, `${caller}:${sequence}`, KEPT_CALLS);
}

export function called(list: string, caller: string, sequence: string): boolean {
  const last = entryOf(list, caller, /^(\d+)/)?.[1];
  return last !== undefined && Number(last) < FIRED && Number(last) >= Number(sequence);
}

/** The part of a list after `id:`, if it matches the pattern. */
export function entryOf(list: string, id: string, pattern: RegExp): RegExpExecArray | null {
  const padded = ` ${list}`;
  const start = ` ${id}:`;
  for (let at = padded.indexOf(start); at >= 0; at = padded.indexOf(start, at + 1)) {
    const found = pattern.exec(padded.slice(at + start.length));
    if (found) return found;
  }
  return null;
}

/** A job's plan. */
export interface Entry {
  stamp: number;
  plan: string;
  claims: string;
  calls: string;
  before: string;
  /** The slot that counts; `score` is the stored one. */
  slot: number;
  score: number;
  /** The slot of the newest claim; NaN if there was none. */
  claimed: number;
  fired: boolean;
}

const NO_ENTRY = { stamp: 0, slot: 0, score: 0, claimed: Number.NaN, fired: true };

/** The entry of a job for which no plan is stored. */
export function noEntry(): Entry {
  return { ...NO_ENTRY, plan: '', claims: '', calls: '', before: '' };
}

export function readPlan({ db }: Script, plans: string, due: string, name: string): Entry | null {
  const text = db.hget(plans, name);
  const score = db.zscore(due, name);
  if (text === null || score === null) return null;
  const found = /^(\d+)\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)$/.exec(text);
  if (!found) return null;
  const [, stamp = '', plan = '', claims = '', calls = '', before = ''] = found;
  if (score < 0 || score >= 2 * FIRED || Number(stamp) >= FIRED) return null;
  const [, claimed, following, of] = /:(\d+):(\d+):(\d+)$/.exec(claims) ?? [];
  let slot = score;
  if (of === stamp && score <= Number(claimed) && Number(following) < FIRED)
    slot = Math.max(score, Number(following));
  return {
    stamp: Number(stamp),
    ...{ plan, claims, calls, before, score, slot },
    claimed: Number(claimed),
    fired: slot >= FIRED,
  };
}

export function writePlan({ db }: Script, plans: string, due: string, name: string, entry: Entry): void {
  const { stamp, plan, claims, calls, before, slot } = entry;
  db.hset(plans, name, `${int(stamp)}|${plan}|${claims}|${calls}|${before}`);
  db.zadd(due, slot, name);
}

export function unreplaced(before: string): string {
  return /^\d/.test(before) ? '' : before;
}

/** A pause or resume. */
export interface Pause {
  stamp: number;
  since: string;
  ends: number;
  calls: string;
  info: string;
  text: string;
}

export function parsePause(text: string | null): Pause | null {
  const [, stamp, since = '', ends, calls = '', info = ''] =
    /^(\d+)\|(\d+)\|(\d+)\|([^|]*)\|(.*)$/s.exec(text ?? '') ?? [];
  if (stamp === undefined || Number(stamp) >= FIRED) return null;
  return { stamp: Number(stamp), since, ends: Math.min(FIRED, Number(ends)), calls, info, text: text ?? '' };
}

export function readPause({ db }: Script, paused: string, name: string): Pause | null {
  return parsePause(db.hget(paused, name));
}

export function writePause({ db }: Script, paused: string, name: string, pause: Pause): void {
  const { stamp, since, ends, calls, info } = pause;
  pause.text = [int(stamp), since, int(ends), calls, info].join('|');
  db.hset(paused, name, pause.text);
}

export function covers(pause: Pause | null, slot: number): boolean {
  return pause !== null && slot < pause.ends;
}

export function inForce({ now }: Script, pause: Pause | null): boolean {
  return covers(pause, now);
}

export function setTrigger(script: Script, trigger: string, slot: number, pause: Pause | null): void {
  const { db, now } = script;
  if (slot >= FIRED) return;
  if (covers(pause, slot) && inForce(script, pause)) db.del(trigger);
  else if (slot > now) db.setPx(trigger, int(slot), slot - now);
}

/** A demand. */
export interface Demand {
  state: string;
  at: number;
  token: string;
  originalAt: number;
  calls: string;
}

export function readDemand({ db, now }: Script, demands: string, name: string): Demand {
  const text = db.hget(demands, name);
  const [, state, at, token = '', originalAt, calls = ''] =
    /^([A-Za-z]+)\|(\d+)\|([A-Za-z0-9]*)\|(\d+)\|([^|]*)$/.exec(text ?? '') ?? [];
  if (state === undefined) return { state: 'idle', at: 0, token: '', originalAt: 0, calls: '' };
  return { state, at: Math.min(now, Number(at)), token, originalAt: Number(originalAt), calls };
}

export function writeDemand({ db }: Script, demands: string, name: string, entry: Demand): void {
  const { state, at, token, originalAt, calls } = entry;
  db.hset(demands, name, [state, int(at), token, int(originalAt), calls].join('|'));
}

export function begun({ now }: Script, entry: Demand): boolean {
  if (entry.state !== 'taken') return false;
  entry.state = 'idle';
  entry.at = now;
  return true;
}

export function noteDemand(
  { db }: Script,
  recovers: string,
  name: string,
  caller: string,
  token: string,
  at: string,
): void {
  const list = db.hget(recovers, name) ?? '';
  if (!list.includes(token)) db.hset(recovers, name, remember(list, caller, `${token}:${at}:0d`));
}

export function lockRest({ db }: Script, lock: string): number {
  const rest = db.pttl(lock);
  if (rest === Number.POSITIVE_INFINITY) return FOREIGN_LOCK;
  return rest === -2 ? 0 : Math.max(1, rest);
}

export function demandIn(script: Script, demand: Demand, lock: string): number {
  return demand.state === 'idle' ? -1 : lockRest(script, lock);
}

/** The last pause or resume, and whether it was restored. */
export function bringBackPause(
  script: Script,
  paused: string,
  name: string,
  knownText: string,
  caller: string,
  bell: string,
): [pause: Pause | null, isBack: boolean] {
  const pause = readPause(script, paused, name);
  const known = parsePause(knownText);
  if (!known || (pause && pause.stamp >= known.stamp)) return [pause, false];
  known.calls = pause?.calls ?? '';
  writePause(script, paused, name, known);
  script.ring(bell, 'paused', caller, int(known.stamp), name);
  return [known, true];
}
