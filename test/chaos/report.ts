import type { Verdict } from './checker';
import { type Entry, type History, only, type Violation } from './history';

/** How many entries of a job are shown before and after a violation. */
const EXCERPT = { before: 20, after: 5 };

/** One storm in numbers. */
export interface Summary {
  faults: ReadonlyMap<string, number>;
  runs: number;
  skips: number;
  demands: number;
  /** ms from when slots (`slots`) and demands (`demanded`) were due to the start of their runs. */
  slots: Percentiles;
  demanded: Percentiles;
}

interface Percentiles {
  p50: number;
  p99: number;
}

export function summarize({ entries }: History): Summary {
  const faults = new Map<string, number>();
  for (const { what } of only(entries, 'fault')) {
    const kind = what.split(':')[0] ?? what;
    faults.set(kind, (faults.get(kind) ?? 0) + 1);
  }
  const starts = only(entries, 'start').map(({ event }) => event);
  const latenessOf = (demanded: boolean) =>
    percentiles(starts.filter(({ slot }) => (slot === null) === demanded).map(({ lateness }) => lateness));
  return {
    faults,
    runs: only(entries, 'began').length,
    skips: only(entries, 'skip').length,
    demands: only(entries, 'called').filter(({ verb }) => verb === 'demand').length,
    slots: latenessOf(false),
    demanded: latenessOf(true),
  };
}

/** The faults by kind (calls of the API included), what ran, and what was accepted for a reason. */
export function table(
  { faults, runs, skips, demands, slots, demanded }: Summary,
  { excused }: Verdict,
): string {
  const rows: [string, string | number][] = [
    ...[...faults].sort(([a], [b]) => a.localeCompare(b)),
    ['', ''],
    ['runs', runs],
    ['skips', skips],
    ['demands', demands],
    ['lateness of slots, p50 / p99', `${slots.p50} / ${slots.p99} ms`],
    ['lateness of demands, p50 / p99', `${demanded.p50} / ${demanded.p99} ms`],
    ...[...excused].map(([reason, count]): [string, number] => [`accepted: ${reason}`, count]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join('\n');
}

/** A violation, with what happened to its job before and after it. */
export function explain({ entries }: History, { rule, job, at, message }: Violation): string {
  const concerned = entries.filter((entry) => concerns(entry, job)).sort((a, b) => a.at - b.at);
  const next = concerned.findIndex((entry) => entry.at > at);
  const middle = next < 0 ? concerned.length : next;
  const excerpt = concerned.slice(Math.max(0, middle - EXCERPT.before), middle + EXCERPT.after);
  const lines = excerpt.map((entry) => `    ${(entry.at - at).toFixed(1).padStart(9)} ms  ${inWords(entry)}`);
  return [`${rule}: ${job}: ${message}`, ...lines].join('\n');
}

function concerns(entry: Entry, job: string): boolean {
  if ('job' in entry) return entry.job === job;
  if ('event' in entry) return entry.event.job === job && entry.kind !== 'start' && entry.kind !== 'finish';
  if (entry.kind === 'bell') return 'name' in entry.bell && entry.bell.name === job;
  return (
    !['resolved', 'rejected', 'fault'].includes(entry.kind) ||
    (entry.kind === 'fault' && !/^(demand|hire|fire)/.test(entry.what))
  );
}

function inWords(entry: Entry): string {
  const { at: _, kind, ...rest } = entry;
  const who = 'member' in rest ? `${rest.member} ` : '';
  const what = Object.entries(rest).filter(([key]) => key !== 'member' && key !== 'job');
  return `${who}${kind} ${what.map(([key, value]) => (key === 'event' || key === 'bell' ? JSON.stringify(value) : `${key} ${value}`)).join(', ')}`;
}

function percentiles(values: number[]): Percentiles {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => Math.round((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) * 10) / 10;
  return { p50: at(0.5), p99: at(0.99) };
}
