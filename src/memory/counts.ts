import { FIRED } from '../scripts/generated';
import { entryOf, int, remember, type Script } from './script';

/** The counts of a job's runs, and the notes of runs that have not settled. lib.lua describes this and all functions below. */
export interface Counts {
  runs: number;
  failures: number;
  skips: number;
  calls: string;
  notes: string;
}

export function readCounts({ db }: Script, counts: string, name: string): Counts {
  const text = db.hget(counts, name);
  const [, runs = '0', failures = '0', skips = '0', list = ''] =
    /^(\d+)\|(\d+)\|(\d+)\|(.*)$/s.exec(text ?? '') ?? [];
  const split = list.lastIndexOf(' | ');
  return {
    runs: Number(runs),
    failures: Number(failures),
    skips: Number(skips),
    calls: split < 0 ? list : list.slice(split + 3),
    notes: split < 0 ? '' : list.slice(0, split),
  };
}

export function writeCounts({ db }: Script, counts: string, name: string, of: Counts): void {
  const { runs, failures, skips, calls, notes } = of;
  const open = notes === '' ? '' : `${notes} | `;
  db.hset(counts, name, `${runs}|${failures}|${skips}|${open}${calls}`);
}

export function noteLastRun(
  { db }: Script,
  runs: string,
  name: string,
  startedAt: number,
  record: string,
  overDeath = false,
): void {
  const before = db.hget(runs, name) ?? '';
  const [, last] = /"startedAt":(\d+)/.exec(before) ?? [];
  const isDeath = overDeath && before.includes('"end":"died"');
  if (last === undefined || isDeath || Number(last) <= startedAt) db.hset(runs, name, record);
}

export function inARow(calls: string, by: number): string {
  const [, before] = /row:(\d+)/.exec(calls) ?? [];
  if (before === undefined && by <= 0) return calls;
  const row = Math.max(0, Number(before ?? 0) + by);
  if (by !== 0 && row > 0 && row < FIRED) return remember(calls, 'row:', `row:${int(row)}`);
  return calls.replace(/ ?row:\d+/g, '').replace(/^ /, '');
}

export function withoutNote(notes: string, token: string): string {
  return notes
    .split(' ')
    .filter((note) => !note.startsWith(token))
    .join(' ');
}

/** The note of a run; null if there is none, or if `by` does not match its last part. */
export function noteOf(
  notes: string,
  token: string,
  by: RegExp,
): { since: string; what: string; at: string; rest: RegExpExecArray } | null {
  const [, since = '', what = '', at = '', end = ''] =
    entryOf(notes, token, /^(\d+):([A-Za-z])(\d+):(.*)$/s) ?? [];
  const rest = by.exec(end);
  return rest && { since, what, at, rest };
}

export function unsettled(list: string, notes: string): string {
  const isOpen = (token: string) => noteOf(notes, token, /^\d/) !== null;
  return [...list.matchAll(/([A-Za-z0-9]+):\d+:(\d)d?/g)]
    .filter(([, token = '', times]) => times === '0' || isOpen(token))
    .map(([entry]) => entry)
    .join(' ');
}

export function suspects(notes: string, holder: string | null): string {
  if (notes === '') return '';
  const found: string[] = [];
  for (const [, token = '', entry, who = ''] of notes.matchAll(/([0-9a-fA-F]+):\d+:[A-Za-z]\d+:(\S)(\S*)/g)) {
    if (token !== holder && (entry !== '!' || who.endsWith(':'))) found.push(token);
  }
  return found.join(' ');
}

export function noteRun(
  script: Script,
  counts: string,
  name: string,
  token: string,
  what: string,
  by: string,
  late = '',
): string {
  if (by === '') return '';
  const of = readCounts(script, counts, name);
  if (of.notes.includes(token)) return '';
  const notes = remember(of.notes, late || token, `${token}:${int(script.now)}:${what}:${by}`);
  writeCounts(script, counts, name, { ...of, notes });
  return suspects(of.notes, token);
}
