import { shown } from '../errors';
import { parseInterval } from './interval';
import { jittered } from './jitter';
import { SlotMemo } from './memo';
import { keepNewest, recall } from './newest';
import { cronOf, isOnceADay, matchesNoDay, problemOf } from './pattern';
import { WallClock } from './wall-clock';
import { splitOffset } from './words';

const CRON_ADVICE = "try 5 fields such as '0 9 * * MON-FRI', or 6 with seconds in front";
const TZ_ADVICE = "give an IANA name such as 'Europe/Helsinki'";

/** The characters of patterns. Croner reads text with a colon as a date, and the store uses `|` as a separator. */
const PATTERN_CHARACTERS = /^[\w*?,/#+@ -]+$/;

const MAX_CRON_SCHEDULES = 1000;
const MAX_INTERVALS = 100;
const MAX_ZONES = 100;

/** A plan and the slots that follow from it. All times are ms since the epoch, on Redis' clock. */
export interface Schedule {
  /**
   * The canonical text, as stored in Redis: `every 600000` or `cron 0 9 * * 1-5 Europe/Helsinki`, followed by ` +OFFSET`
   * in ms if each slot is moved by a jitter.
   */
  readonly plan: string;
  /** The interval in ms; null for cron. */
  readonly everyMs: number | null;
  /**
   * The first slot strictly after `afterMs`. Of an interval: on the grid through `slotMs`, and at least one interval
   * after it. Of cron: a whole second, whatever `slotMs` is.
   *
   * @throws RangeError if cron has none before the year 3000, or within 50 years only in gaps of its zone
   */
  next(slotMs: number, afterMs: number): number;
  /** The last slot at or before `beforeMs` that is strictly after `slotMs`; null if there is none. */
  previous(slotMs: number, beforeMs: number): number | null;
}

/**
 * The schedule of an interval, without drift: slot n is the first plus n × every.
 *
 * @param every ms, or a phrase; see {@link parseInterval}
 * @throws TypeError or RangeError, naming `every` and its value
 */
export function everySchedule(every: string | number): Schedule {
  const everyMs = parseInterval(every);
  const shared = intervals.get(everyMs);
  if (shared) return shared;
  const schedule = intervalSchedule(everyMs);
  if (intervals.size < MAX_INTERVALS) intervals.set(everyMs, schedule);
  return schedule;
}

/** The first intervals that a process uses, shared because thousands of jobs have only a few. */
const intervals = new Map<number, Schedule>();

function intervalSchedule(everyMs: number): Schedule {
  // Clocks may have fractions of a ms; with whole numbers the arithmetic is exact, so the grid cannot drift.
  return {
    plan: `every ${everyMs}`,
    everyMs,
    next(slotMs, afterMs) {
      const elapsed = Math.max(0, Math.floor(afterMs) - slotMs);
      return slotMs + elapsed - (elapsed % everyMs) + everyMs;
    },
    previous(slotMs, beforeMs) {
      const elapsed = Math.floor(beforeMs) - slotMs;
      return elapsed < everyMs ? null : slotMs + elapsed - (elapsed % everyMs);
    },
  };
}

/**
 * The schedule of a cron pattern. If both day fields are restricted, either may match, as in cron.
 *
 * When clocks change, a pattern with a single time of day (`30 2 * * *`) has exactly one slot for that day. If the time is
 * skipped, the slot is at the end of the gap, which may be on the next day; if the time occurs twice, at its first
 * occurrence. Any other pattern has a slot whenever the wall clock matches: none in a gap, and two for a time that occurs
 * twice.
 *
 * Jobs with equal patterns and zones share one schedule, which computes each slot once.
 *
 * @param pattern 5 fields, or 6 with seconds in front, or a nickname such as `@daily`; case and spacing do not matter
 * @param tz an IANA time zone, kept as written, because its canonical name differs between versions of Node
 * @throws TypeError for what is not a string
 * @throws RangeError for a pattern or a zone that is not valid, and for a pattern that never matches (30 February);
 * it names `cron` or `tz`, and its value, and has the original error as its cause
 * @see https://croner.56k.guru/usage/pattern/
 */
export function cronSchedule(pattern: string, tz: string): Schedule {
  checkString('cron', pattern, CRON_ADVICE);
  checkString('tz', tz, TZ_ADVICE);
  const fields = canonicalFields(pattern);
  // A valid pattern contains no line break, so the key is unique.
  const key = `${fields}\n${tz}`;
  const shared = recall(cronSchedules, key);
  if (shared) return shared;
  checkTimeZone(tz);
  checkFields(pattern, fields);
  const never = () => new RangeError(`cron: ${shown(pattern)} never matches in ${tz}; ${CRON_ADVICE}`);
  if (matchesNoDay(fields)) throw never();
  const memo = new SlotMemo();
  const clock = new WallClock(() => cronOf(fields), tz, isOnceADay(fields));
  const schedule: Schedule = {
    plan: `cron ${fields} ${tz}`,
    everyMs: null,
    next: (_slotMs, afterMs) =>
      memo.next(Math.floor(afterMs), (after) => {
        const slot = clock.next(after);
        if (slot === null) throw never();
        return slot;
      }),
    previous(slotMs, beforeMs) {
      const slot = memo.previous(Math.floor(beforeMs), (before) => clock.previous(before));
      return slot !== null && slot > slotMs ? slot : null;
    },
  };
  const now = Date.now();
  schedule.next(now, now);
  keepNewest(cronSchedules, key, schedule, MAX_CRON_SCHEDULES);
  return schedule;
}

/** The most recently used schedules, shared because thousands of jobs have only a few. */
const cronSchedules = new Map<string, Schedule>();

/**
 * Parses a plan's text; null if it is not exactly the plan of a schedule, or has a time zone that this version of Node
 * does not know. Never throws.
 */
export function parsePlan(plan: string): Schedule | null {
  try {
    const { base, offsetMs } = splitOffset(plan);
    const unmoved = readPlan(base);
    const schedule = unmoved && jittered(unmoved, offsetMs);
    return schedule?.plan === plan ? schedule : null;
  } catch {
    return null;
  }
}

/** The process's time zone, as an IANA name; `UTC` if it has no name. */
export function processTimeZone(): string {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  // ICU returns this for an unreadable TZ; Intl itself then refuses the name.
  return !timeZone || timeZone === 'Etc/Unknown' ? 'UTC' : timeZone;
}

/** @throws RangeError for a pattern with an invalid character; nothing else is checked */
function canonicalFields(pattern: string): string {
  const spaced = pattern.trim().replace(/\s+/g, ' ');
  // Test the text as written: some other letters have A to Z as their upper case.
  if (!PATTERN_CHARACTERS.test(spaced)) throw badPattern(pattern);
  return spaced.startsWith('@') ? spaced.toLowerCase() : spaced.toUpperCase();
}

/** @throws RangeError for an invalid cron pattern */
function checkFields(pattern: string, fields: string): void {
  try {
    cronOf(fields);
  } catch (cause) {
    // Croner's message may name another value, such as day 31 for the 32nd.
    const problem = problemOf(pattern);
    throw badPattern(pattern, problem && ` (${problem})`, { cause });
  }
}

function badPattern(pattern: string, why = '', options?: ErrorOptions): RangeError {
  return new RangeError(`cron: ${shown(pattern)} is not a cron pattern${why}; ${CRON_ADVICE}`, options);
}

function checkString(argument: string, value: unknown, advice: string): void {
  if (typeof value === 'string') return;
  throw new TypeError(`${argument}: ${shown(value)} is not a string; ${advice}`);
}

/** @throws RangeError for an invalid time zone */
export function checkTimeZone(tz: string): void {
  // Creating a format takes about 100 µs, and thousands of jobs share a few zones.
  if (recall(zones, tz)) return;
  try {
    new Intl.DateTimeFormat('en', { timeZone: tz });
  } catch (cause) {
    throw new RangeError(`tz: ${shown(tz)} is not a time zone; ${TZ_ADVICE}`, { cause });
  }
  keepNewest(zones, tz, true, MAX_ZONES);
}

/** Time zones known to be valid. */
const zones = new Map<string, true>();

function readPlan(plan: string): Schedule | null {
  if (plan.startsWith('every ')) return everySchedule(plan.slice('every '.length));
  if (!plan.startsWith('cron ')) return null;
  const zoneAt = plan.lastIndexOf(' ');
  return cronSchedule(plan.slice('cron '.length, zoneAt), plan.slice(zoneAt + 1));
}
