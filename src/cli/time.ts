const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const date = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium' });

/** A duration in ms in the most readable unit: `3.1 ms`, `1.2 s`, `45 s`, `90 s`, `4 min`, `14 h`, `3 d`. */
export function span(ms: number): string {
  if (ms < SECOND) return `${rounded(ms)} ms`;
  if (ms < 2 * MINUTE) return `${rounded(ms / SECOND)} s`;
  if (ms < 2 * HOUR) return `${Math.round(ms / MINUTE)} min`;
  if (ms < 2 * DAY) return `${Math.round(ms / HOUR)} h`;
  return `${Math.round(ms / DAY)} d`;
}

/** An instant relative to another: `in 4 min`, `now`, `12 s ago`. */
export function fromNow(at: number, now: number): string {
  const ahead = at - now;
  if (Math.abs(ahead) < SECOND) return 'now';
  const apart = span(Math.round(Math.abs(ahead) / SECOND) * SECOND);
  return ahead > 0 ? `in ${apart}` : `${apart} ago`;
}

/** Numbers below 10 keep one decimal. */
function rounded(value: number): number {
  return value < 10 ? Number(value.toFixed(1)) : Math.round(value);
}

/** An instant in a zone, an IANA name: `2026-11-24 15:20:03`. */
export function timeIn(timeZone: string, at: number): string {
  try {
    return new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium', timeZone }).format(at);
  } catch {
    // A zone that this version of Node does not know.
    return '?';
  }
}

/** An instant in this machine's zone: `2026-11-24 15:20:03`; `?` for a number that is not a valid time. */
export function localTime(at: number): string {
  return Number.isNaN(new Date(at).getTime()) ? '?' : date.format(at);
}

const hours = new Intl.DateTimeFormat('sv-SE', { timeStyle: 'short' });

/** An instant in this machine's zone, to the minute: `14:00` on the day of `now`, else `2026-11-24 14:00`. */
export function clockTime(at: number, now: number): string {
  if (localTime(at) === '?') return '?';
  const [day] = localTime(at).split(' ');
  return localTime(now).startsWith(`${day} `) ? hours.format(at) : `${day} ${hours.format(at)}`;
}

/**
 * Parses a future time as a person types it: `14:00` is the next time that a local clock shows 14:00, and
 * `2026-11-24T14:00` and `2026-11-24` are in this machine's zone. Returns an Invalid Date for a text that only looks like
 * one of these, and any other text, such as `2 hours`, unchanged.
 */
export function timeToCome(text: string, now = new Date()): Date | string {
  const [, hour, minute] = /^(\d{1,2}):(\d{2})$/.exec(text.trim()) ?? [];
  if (hour !== undefined && minute !== undefined) {
    if (Number(hour) > 23 || Number(minute) > 59) return new Date(Number.NaN);
    const at = new Date(now);
    at.setHours(Number(hour), Number(minute), 0, 0);
    if (at <= now) at.setDate(at.getDate() + 1);
    return at;
  }
  if (!/^\d{4}-/.test(text.trim())) return text;
  // A date without a time would be parsed as midnight in UTC.
  return new Date(/^\d{4}-\d\d-\d\d$/.test(text.trim()) ? `${text.trim()}T00:00` : text.trim());
}
