const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
  ['millisecond', 1],
] as const;

/** The base of a plan's text, and its jitter's offset; 0 if there is none. */
export function splitOffset(plan: string): { base: string; offsetMs: number } {
  const [, base, offset] = /^(.+) \+([1-9]\d{0,15})$/.exec(plan) ?? [];
  return base === undefined ? { base: plan, offsetMs: 0 } : { base, offsetMs: Number(offset) };
}

/** A plan's text in words. */
export interface PlanWords {
  words: string | null;
  tz: string | null;
}

/**
 * `every 5400000` → `every 1 hour 30 minutes`, followed by ` +7 minutes` for an offset; the time zone of a cron plan is returned
 * separately. An invalid plan has no words. A cron pattern is not parsed, because that would be too slow for ten thousand
 * plans.
 */
export function wordsOf(plan: string): PlanWords {
  const { base, offsetMs } = splitOffset(plan);
  const moved = offsetMs > 0 ? ` +${phraseOf(offsetMs)}` : '';
  const everyMs = /^every ([1-9]\d*)$/.exec(base)?.[1];
  if (everyMs !== undefined) return { words: `every ${phraseOf(Number(everyMs))}${moved}`, tz: null };
  const [, pattern, tz] = /^(cron .+) (\S+)$/.exec(base) ?? [];
  return pattern === undefined || tz === undefined
    ? { words: null, tz: null }
    : { words: pattern + moved, tz };
}

/** The phrase that `parseInterval` parses to this many ms; in days at most, because months and years are ambiguous. */
export function phraseOf(ms: number): string {
  const parts: string[] = [];
  let rest = ms;
  for (const [unit, unitMs] of UNITS) {
    const count = Math.floor(rest / unitMs);
    if (count > 0) parts.push(`${count} ${unit}${count > 1 ? 's' : ''}`);
    rest -= count * unitMs;
  }
  return parts.join(' ');
}
