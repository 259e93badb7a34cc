import { messageOf } from '../errors';
import type { FailEvent, FinishEvent, RunEvent } from '../events';
import type { RunRecord } from '../info';
import { isInstant } from './bounds';
import { detailsText, LONGEST_MESSAGE, parseDetails, wholeOf } from './error-details';

const OUTCOMES = ['done', 'failed', 'vetoed'] as const;
/** Ends that to an instance of 2.0.0 are failures. */
const ENDS = ['abandoned', 'died'] as const;

/** Letters of a host's name. */
const LONGEST_HOST = 64;

/** Letters of an error's message. */
const LONGEST_ERROR = 200;

/** Letters of what an instance is called. */
const LONGEST_ID = 64;

/** How a run ended: what its last event says beside what its first one did. */
export type Ending = Omit<FinishEvent, keyof RunEvent> | Omit<FailEvent, keyof RunEvent>;

/** `quit` gave up on the run; `cause` is there when its work has failed since, and not when it goes on. */
export interface Abandoned {
  abandoned: true;
  /** ms */
  duration: number;
  cause?: unknown;
}

/** The part of a record that says who ran it, as JSON without its braces, and without a space, a `|`, or anything but ASCII. */
export function whoText(id: string, host: string, pid: number): string {
  const json = JSON.stringify({ by: id, host: host.slice(0, LONGEST_HOST), pid });
  const escaped = (letter: string) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return json.slice(1, -1).replace(/[^\x21-\x7b}~]/g, escaped);
}

/**
 * The JSON of a run as it is noted in Redis: what is null or false is left out, as a hundred of them are kept for each job.
 *
 * @param who see `whoText`
 */
export function recordText(event: RunEvent, ended: Ending | Abandoned, who: string): string {
  const { slot, demandedAt, startedAt, lateness, recovered } = event;
  const record = JSON.stringify({
    slot: slot ?? undefined,
    demandedAt: demandedAt ?? undefined,
    startedAt: Math.round(startedAt),
    lateness: Math.round(lateness),
    durationMs: Math.round(ended.duration),
    outcome: outcomeOf(ended),
    end: 'abandoned' in ended ? 'abandoned' : undefined,
    error: 'cause' in ended ? messageOf(ended.cause).slice(0, LONGEST_ERROR) : undefined,
    recovered: recovered || undefined,
  });
  return `${record.slice(0, -1)},${who}}`;
}

/**
 * What is known of a run's error besides its record, as JSON; '': nothing. Only the history keeps it.
 *
 * @param settings `errors`: with stack and causes, not the message alone
 */
export function errorText(
  ended: Ending | Abandoned,
  { history, errors }: { history: number; errors: boolean },
): string {
  return 'cause' in ended && history > 0 ? detailsText(ended.cause, errors, LONGEST_ERROR) : '';
}

function outcomeOf(ended: Ending | Abandoned): (typeof OUTCOMES)[number] {
  if ('abandoned' in ended || 'cause' in ended) return 'failed';
  return ended.vetoed ? 'vetoed' : 'done';
}

/**
 * The inverse, also of what earlier versions noted. Null for what is no run's record: anybody may write there, so each
 * number is one that can be shown, and each text is bounded.
 *
 * @param details what `errorText` made, where it is stored beside the record
 */
export function parseRecord(text: string, details = ''): RunRecord | null {
  const noted = parseObject(text);
  if (!noted) return null;
  const known = parseDetails(details);
  const { startedAt, durationMs, by } = noted;
  const end = ENDS.find((known) => known === noted.end);
  const outcome = end ?? OUTCOMES.find((known) => known === noted.outcome);
  if (!isInstant(startedAt) || !isInstant(durationMs) || !outcome) return null;
  const slot = instantIn(noted.slot);
  const demandedAt = instantIn(noted.demandedAt);
  const { lateness } = noted;
  // Lateness is negative where Redis' clock was set back.
  const isLateness = typeof lateness === 'number' && isInstant(Math.abs(lateness));
  return {
    slot,
    demandedAt,
    startedAt,
    lateness: isLateness ? lateness : startedAt - (slot ?? demandedAt ?? startedAt),
    durationMs,
    outcome,
    error: outcome === 'died' ? null : (known?.message ?? textIn(noted.error, LONGEST_MESSAGE)),
    details: outcome === 'died' ? null : wholeOf(known),
    by: textIn(by, LONGEST_ID) ?? '',
    ...placeIn(noted),
    recovered: noted.recovered === true,
  };
}

/** Does this end count as a failure? */
export function isFailure({ outcome }: Pick<RunRecord, 'outcome'>): boolean {
  return outcome !== 'done' && outcome !== 'vetoed';
}

/** A run that is noted in a job's counts: it goes on, or has died unseen. See scripts/lib.lua. */
export interface OpenRun {
  token: string;
  /** When it began, in ms on Redis' clock. */
  since: number;
  /** Where it runs; null where the note does not say. */
  host: string | null;
  pid: number | null;
}

export function parseNotes(counts: string): OpenRun[] {
  const [, notes] = /^\d+\|\d+\|\d+\|(.*) \| .*$/.exec(counts) ?? [];
  return (notes?.split(' ') ?? []).flatMap((note) => {
    const [, token, since, mark, who] =
      /^([0-9a-f]{32}):(\d{1,15}):[a-zA-Z]\d+:(.)\d*:?(.*)$/.exec(note) ?? [];
    if (token === undefined || mark === '!') return [];
    return [{ token, since: Number(since), ...placeIn(parseObject(`{${who}}`)) }];
  });
}

function placeIn(noted: Record<string, unknown> | null): Pick<RunRecord, 'host' | 'pid'> {
  const pid = noted?.pid;
  return {
    host: textIn(noted?.host, LONGEST_HOST),
    pid: typeof pid === 'number' && Number.isSafeInteger(pid) && pid >= 0 ? pid : null,
  };
}

function instantIn(value: unknown): number | null {
  return isInstant(value) ? value : null;
}

function textIn(value: unknown, longest: number): string | null {
  return typeof value === 'string' ? value.slice(0, longest) : null;
}

/** Null for what is not the JSON of an object. */
export function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
