import { messageOf } from '../errors';
import type { FailEvent, FinishEvent, RunEvent } from '../events';
import type { RunRecord } from '../info';
import { isInstant } from './bounds';
import { detailsText, LONGEST_MESSAGE, parseDetails, wholeOf } from './error-details';

const OUTCOMES = ['done', 'failed', 'vetoed'] as const;
/** Outcomes that version 2.0.0 reads as failures. */
const ENDS = ['abandoned', 'died'] as const;

/** Characters of a host name. */
const LONGEST_HOST = 64;

/** Characters of an error message. */
const LONGEST_ERROR = 200;

/** Characters of an instance's id. */
const LONGEST_ID = 64;

/** How a run ended: the fields that its last event adds to its first. */
export type Ending = Omit<FinishEvent, keyof RunEvent> | Omit<FailEvent, keyof RunEvent>;

/** `quit` gave up on the run; `cause` is set if its work has failed since, and missing while it still runs. */
export interface Abandoned {
  abandoned: true;
  /** ms */
  duration: number;
  cause?: unknown;
}

/** The part of a record that identifies the instance, as JSON without its braces, spaces and `|`, in ASCII only. */
export function whoText(id: string, host: string, pid: number): string {
  const json = JSON.stringify({ by: id, host: host.slice(0, LONGEST_HOST), pid });
  const escaped = (letter: string) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return json.slice(1, -1).replace(/[^\x21-\x7b}~]/g, escaped);
}

/**
 * A run's record in Redis, as JSON. Null and false fields are omitted, because a hundred records are kept per job.
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
 * The details of a run's error that its record lacks, as JSON; '': none. Only the history stores them.
 *
 * @param settings `errors`: include stack and causes, not only the message
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
 * Parses a record, including those of earlier versions; null if it is invalid. Anybody may write to Redis, so each
 * number must be displayable and each text is bounded.
 *
 * @param details the text from `errorText`, if stored with the record
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
  // Lateness is negative if Redis' clock was set back.
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

/** Whether this outcome counts as a failure. */
export function isFailure({ outcome }: Pick<RunRecord, 'outcome'>): boolean {
  return outcome !== 'done' && outcome !== 'vetoed';
}

/** A run noted in a job's counts: it is still running, or its process died. See scripts/lib.lua. */
export interface OpenRun {
  token: string;
  /** When it started, in ms on Redis' clock. */
  since: number;
  /** Where it runs; null if not noted. */
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

/** Parses a JSON object; null for any other text. */
export function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
