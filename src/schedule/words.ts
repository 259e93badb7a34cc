const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
  ['millisecond', 1],
] as const;

/** The base of a plan's text, and the offset that a jitter gives its slots; 0 where there is none. */
export function splitOffset(plan: string): { base: string; offsetMs: number } {
  const [, base, offset] = /^(.+) \+([1-9]\d{0,15})$/.exec(plan) ?? [];
  return base === undefined ? { base: plan, offsetMs: 0 } : { base, offsetMs: Number(offset) };
}

/** What a plan's text says, for people. */
export interface PlanWords {
  words: string | null;
  tz: string | null;
}

/**
 * `every 5400000` → `every 1 hour 30 minutes`, and with an offset ` +7 minutes` behind it; of `cron 0 9 * * 1-5 Europe/Helsinki` the zone stands apart. A text that
 * is no plan has no words. The pattern of a cron plan is not looked at, as that takes too long for ten thousand.
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

/** A phrase that `parseInterval` reads as so many ms; in days at most, as months and years mean other things to others. */
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
