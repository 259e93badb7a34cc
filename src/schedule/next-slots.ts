import { types } from 'node:util';
import { shown } from '../errors';
import { DEFAULT_PREFIX, parseJitter, scheduleOf } from './definition';
import { isGiven, optionsIn } from './given';
import { checkTimeZone, type Schedule } from './schedule';
import { splitOffset } from './words';

/** A plan, as passed to `hire`. */
export interface SlotsPlan {
  /** The interval: ms, or a phrase such as `10 minutes`. */
  every?: number | string | undefined;
  /** A cron pattern of 5 fields, or 6 with seconds in front. */
  cron?: string | undefined;
  /** IANA time zone of `cron`. Default: the process's. */
  tz?: string | undefined;
  /** The job's jitter: ms, or a phrase. Needs `name`, from which the offset is derived. Default: none. */
  jitter?: number | string | undefined;
  /** The job's name; only used with `jitter`. */
  name?: string | undefined;
  /** The fleet's prefix; only used with `jitter`. Default `bossman`. */
  prefix?: string | undefined;
}

/** Which slots to compute. */
export interface SlotsOptions {
  /** The number of slots; an integer from 1 to 10,000. Default 5. */
  count?: number | undefined;
  /** Slots strictly after this: a `Date`, or ms since the epoch. Default: now, by the clock of this process. */
  after?: Date | number | undefined;
}

export const DEFAULT_COUNT = 5;
const MOST = 10_000;

/**
 * The next slots of a plan, for forms and tests; needs neither Redis nor a fleet. An interval is counted from `after`,
 * as if the job were hired then.
 *
 * @returns ms since the epoch, in ascending order
 * @throws TypeError or RangeError, naming the argument and its value
 */
export function nextSlots(plan: SlotsPlan, options: SlotsOptions = {}): number[] {
  const { tz, jitter, name, prefix, ...times } = optionsIn('plan', plan, PLAN_OPTIONS);
  const { count, after } = optionsIn('options', options, SLOTS_OPTIONS);
  const jitterMs = isGiven(jitter) ? parseJitter(jitter) : 0;
  const of = { prefix: textOf('prefix', prefix) ?? DEFAULT_PREFIX, name: textOf('name', name) ?? '' };
  if (jitterMs > 0 && !isGiven(name)) {
    throw new TypeError(`name: ${shown(name)} is not a string; a jitter is derived from the job's name`);
  }
  const zone = textOf('tz', tz);
  if (zone !== null) checkTimeZone(zone);
  const schedule = scheduleOf(times, zone, jitterMs, of);
  if (!schedule) throw new TypeError(`plan: ${shown(plan)} has neither every nor cron`);
  const from = readInstant(after ?? Date.now());
  const first =
    schedule.everyMs === null
      ? schedule.next(from, from)
      : from + schedule.everyMs + splitOffset(schedule.plan).offsetMs;
  return slotsFrom(schedule, first, readCount(count ?? DEFAULT_COUNT));
}

const PLAN_OPTIONS = ['every', 'cron', 'tz', 'jitter', 'name', 'prefix'];
const SLOTS_OPTIONS = ['count', 'after'];

/** Returns null if it is omitted. */
function textOf(argument: string, value: unknown): string | null {
  if (!isGiven(value)) return null;
  if (typeof value !== 'string') throw new TypeError(`${argument}: ${shown(value)} is not a string`);
  return value;
}

/** A slot and the following ones. */
export function slotsFrom(schedule: Schedule, first: number, count: number): number[] {
  const slots = [first];
  for (let last = first; slots.length < count; ) {
    last = schedule.next(last, last);
    slots.push(last);
  }
  return slots;
}

/** @throws TypeError or RangeError, naming `count` and its value */
export function readCount(count: unknown = DEFAULT_COUNT): number {
  if (typeof count !== 'number') throw new TypeError(`count: ${shown(count)} is not a number`);
  if (!Number.isSafeInteger(count) || count < 1 || count > MOST) {
    throw new RangeError(`count: ${count} is not an integer from 1 to ${MOST}`);
  }
  return count;
}

/** 100 million days from the epoch, the last instant that a `Date` can hold. */
const LAST = 8.64e15;

function readInstant(after: unknown): number {
  const ms = types.isDate(after) ? after.getTime() : after;
  if (typeof ms !== 'number') throw new TypeError(`after: ${shown(after)} is neither a Date nor a number`);
  if (!(Math.abs(ms) <= LAST)) throw new RangeError(`after: ${shown(after)} is not a valid time`);
  return ms;
}
