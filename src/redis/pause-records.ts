import { FIRED } from '../scripts/generated';
import { LONGEST_NOTE } from '../settings';
import { isTime } from './bounds';
import { parseObject } from './records';

/** ms after a pause within which a slot that was won just before either starts or is released. */
export const BEGINS_WITHIN = 5;
/** Characters of `by`. */
const LONGEST_BY = 100;

/** The record of a pause or resume in Redis. Instants are ms on Redis' clock. */
export interface Pause {
  /** Of two records of one job, the one with the higher stamp wins. */
  readonly stamp: number;
  readonly since: number;
  /** No slot before this is run; FIRED: until the job is resumed. */
  readonly ends: number;
  /** Who paused the job, or resumed it: `HOST:PID` or `cli`. */
  readonly by: string;
  readonly note: string | null;
  /** Written by `resume`. */
  readonly resumed: boolean;
}

/** The part of a record that the scripts do not read. */
export function pauseInfo(by: string, note: string | null, resumed: boolean): string {
  const info = { by: by.slice(-LONGEST_BY), note: note ?? undefined, resumed: resumed || undefined };
  return JSON.stringify(info);
}

/** A record for restoring an emptied Redis; '': none. See scripts/lib.lua. */
export function pauseText(pause: Pause | null): string {
  if (!pause) return '';
  const { stamp, since, ends, by, note, resumed } = pause;
  return `${stamp}|${since}|${ends}||${pauseInfo(by, note, resumed)}`;
}

/** Parses a record; null if it is invalid. The scripts ignore invalid records as well. */
export function parsePause(text: string | null | undefined): Pause | null {
  const [, stampText, sinceText, endsText, infoText = ''] =
    /^(\d+)\|(\d+)\|(\d+)\|[^|]*\|(.*)$/s.exec(text ?? '') ?? [];
  const [stamp, since] = [Number(stampText), Number(sinceText)];
  if (!isTime(stamp)) return null;
  const { by, note, resumed } = parseObject(infoText) ?? {};
  return {
    stamp,
    since: isTime(since) ? since : stamp,
    ends: Math.min(FIRED, Number(endsText)),
    by: typeof by === 'string' ? by.slice(0, LONGEST_BY) : '',
    note: typeof note === 'string' && note !== '' ? note.slice(0, LONGEST_NOTE) : null,
    resumed: resumed === true,
  };
}

/** Whether the slot comes due during or before the pause. */
export function covers(pause: Pause | null | undefined, slot: number): boolean {
  return pause != null && slot < pause.ends;
}
