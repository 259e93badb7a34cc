import { visible } from '../telling/visible';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A duration in ms, as precise as a person needs: `3.1 ms`, `1.2 s`, `45 s`, `4 min 10 s`, `15 h 12 min`, `3 d 4 h`. */
export function span(ms: number): string {
  if (!Number.isFinite(ms)) return 'no end';
  if (ms < SECOND) return `${rounded(ms)} ms`;
  if (ms < MINUTE) return `${rounded(ms / SECOND)} s`;
  if (ms < HOUR) return twoUnits(ms, MINUTE, 'min', SECOND, 's');
  if (ms < DAY) return twoUnits(ms, HOUR, 'h', MINUTE, 'min');
  return twoUnits(ms, DAY, 'd', HOUR, 'h');
}

/** A duration for lists, in one unit: `45 s`, `90 s`, `4 min`, `15 h`, `3 d`. */
export function roughly(ms: number): string {
  if (ms < MINUTE) return span(ms);
  if (ms < 2 * MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < 2 * HOUR) return `${Math.floor(ms / MINUTE)} min`;
  return ms < 2 * DAY ? `${Math.floor(ms / HOUR)} h` : `${Math.floor(ms / DAY)} d`;
}

/** An instant relative to another: `in 4 min 10 s`, `now`, `12 s ago`. */
export function fromNow(at: number, now: number, inWords = span): string {
  const ahead = at - now;
  if (Math.abs(ahead) < SECOND) return 'now';
  const apart = inWords(Math.floor(Math.abs(ahead) / SECOND) * SECOND);
  return ahead > 0 ? `in ${apart}` : `${apart} ago`;
}

/** An instant in a zone (default: the browser's), with the day if it is not today: `09:00:00`, `Fri 27 Nov, 09:00:00`. */
export function clock(at: number, now: number, timeZone?: string | null): string {
  const zone = timeZone ? { timeZone } : {};
  try {
    const day = new Intl.DateTimeFormat('en-GB', {
      weekday: 'short',
      day: 'numeric',
      month: 'short',
      ...zone,
    });
    const time = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', ...zone });
    const date = day.format(at);
    return date === day.format(now) ? time.format(at) : `${date}, ${time.format(at)}`;
  } catch {
    // An invalid time, or a zone that this browser does not know.
    return '?';
  }
}

/** The same to the minute. */
export function minute(at: number, now: number, timeZone?: string | null): string {
  return clock(at, now, timeZone).replace(/:\d\d$/, '');
}

/** An instant in full, for titles: `2026-11-26 09:00:00.001` in the browser's zone. */
export function exact(at: number): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return '?';
  const local = new Date(at - date.getTimezoneOffset() * MINUTE);
  return local.toISOString().replace('T', ' ').replace('Z', '');
}

/** `1 job`, `2 jobs`, `1,000 jobs` */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

/** Where a run took place: `web-1:24348`; without a host, the beginning of the instance's id. */
export function place(of: { by: string; host: string | null; pid: number | null }): string {
  return of.host === null ? of.by.slice(0, 8) : visible(`${of.host}:${of.pid ?? '?'}`);
}

/** A text of several lines, with the invisible characters of each line escaped. */
export function visibleLines(text: string): string {
  return text.split('\n').map(visible).join('\n');
}

function twoUnits(ms: number, big: number, bigName: string, small: number, smallName: string): string {
  const whole = Math.floor(ms / big);
  const rest = Math.floor((ms % big) / small);
  return rest === 0 || whole >= 100 ? `${whole} ${bigName}` : `${whole} ${bigName} ${rest} ${smallName}`;
}

/** Numbers below 10 keep one decimal. */
function rounded(value: number): number {
  return value < 10 ? Number(value.toFixed(1)) : Math.floor(value);
}
