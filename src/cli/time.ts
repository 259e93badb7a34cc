const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const date = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium' });

/** A span of ms in the unit that says most in few letters: `3.1 ms`, `1.2 s`, `45 s`, `90 s`, `4 min`, `14 h`, `3 d`. */
export function span(ms: number): string {
  if (ms < SECOND) return `${rounded(ms)} ms`;
  if (ms < 2 * MINUTE) return `${rounded(ms / SECOND)} s`;
  if (ms < 2 * HOUR) return `${Math.round(ms / MINUTE)} min`;
  if (ms < 2 * DAY) return `${Math.round(ms / HOUR)} h`;
  return `${Math.round(ms / DAY)} d`;
}

/** An instant as seen from another: `in 4 min`, `now`, `12 s ago`. */
export function fromNow(at: number, now: number): string {
  const ahead = at - now;
  if (Math.abs(ahead) < SECOND) return 'now';
  const apart = span(Math.round(Math.abs(ahead) / SECOND) * SECOND);
  return ahead > 0 ? `in ${apart}` : `${apart} ago`;
}

/** Of small numbers one decimal counts. */
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

/** An instant in the zone of this machine: `2026-11-24 15:20:03`; `?` for a number that is no instant. */
export function localTime(at: number): string {
  return Number.isNaN(new Date(at).getTime()) ? '?' : date.format(at);
}
