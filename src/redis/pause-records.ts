import { FIRED } from '../scripts/generated';
import { LONGEST_NOTE } from '../settings';
import { isTime } from './bounds';
import { parseObject } from './records';

/** ms after a pause in which a slot that was won just before begins, or is given back. */
export const BEGINS_WITHIN = 5;
/** Characters of the text that says who. */
const LONGEST_BY = 100;

/** A pause or resume of a job, as Redis keeps it. Instants are ms on Redis' clock. */
export interface Pause {
  /** Of two pauses or resumes of one job, the one with the higher stamp counts. */
  readonly stamp: number;
  readonly since: number;
  /** No slot before this is run; FIRED: until somebody resumes the job. */
  readonly ends: number;
  /** Who paused the job, or resumed it: `HOST:PID` or `cli`. */
  readonly by: string;
  readonly note: string | null;
  /** It ended, or would have, by `resume`. */
  readonly resumed: boolean;
}

/** The part of a record that the scripts do not read. */
export function pauseInfo(by: string, note: string | null, resumed: boolean): string {
  const info = { by: by.slice(-LONGEST_BY), note: note ?? undefined, resumed: resumed || undefined };
  return JSON.stringify(info);
}

/** A record as it is told to an emptied Redis; '': none. See scripts/lib.lua. */
export function pauseText(pause: Pause | null): string {
  if (!pause) return '';
  const { stamp, since, ends, by, note, resumed } = pause;
  return `${stamp}|${since}|${ends}||${pauseInfo(by, note, resumed)}`;
}

/** Null for what is no record of a pause, as the scripts take it for none, too. */
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

/** Is the slot one that passes while the job is paused, or before that? */
export function covers(pause: Pause | null | undefined, slot: number): boolean {
  return pause != null && slot < pause.ends;
}
