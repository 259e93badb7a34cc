import { types } from 'node:util';
import { shown, warn } from './errors';
import type { HistoryOptions, NextOptions } from './info';
import type { BossmanOptions, JobDefinition, PauseOptions, QuitOptions } from './options';
import { DEFAULT_PREFIX, parseJitter, scheduleOf } from './schedule/definition';
import { isGiven, isPlain, optionsIn, readable } from './schedule/given';
import { parseInterval } from './schedule/interval';
import { DEFAULT_COUNT, readCount } from './schedule/next-slots';
import { isEitherDay } from './schedule/pattern';
import { checkTimeZone, type Schedule } from './schedule/schedule';
import { FIRED } from './scripts/generated';

/** Checked `BossmanOptions`, with defaults. */
export interface InstanceSettings {
  prefix: string;
  disableRedisConfig: boolean;
  /** The most runs at a time; Infinity: no limit. */
  concurrency: number;
  run: RunSettings;
}

/** Checked `RunOptions`, with defaults. */
export interface RunSettings {
  ttlMs: number;
  keepAlive: boolean;
  recover: boolean;
  /** A number: how many ms late a missed slot may still run. */
  misfire: 'run' | 'skip' | number;
  /** The bound of the jitter in ms; 0: none. */
  jitterMs: number;
  /** null: the process's time zone */
  tz: string | null;
  /** How many runs are kept. */
  history: number;
  /** Whether errors are kept with stack and causes. */
  errors: boolean;
}

/** The checked definition of a job. */
export interface JobSettings extends Omit<RunSettings, 'tz' | 'jitterMs'> {
  /** null: runs on demand only */
  schedule: Schedule | null;
}

/** Checked `PauseOptions`. `end`: at a time on Redis' clock, in `inMs` from now, or, if null, when the job is resumed. */
export interface PauseSettings {
  end: { at: number } | { inMs: number } | null;
  note: string | null;
}

const DEFAULTS: RunSettings = {
  ttlMs: 2000,
  keepAlive: false,
  recover: false,
  misfire: 'run',
  jitterMs: 0,
  tz: null,
  history: 100,
  errors: true,
};
/** The default of `HistoryOptions.last`. */
export const DEFAULT_LAST = 20;

const RUN_OPTIONS = ['ttl', 'keepAlive', 'recover', 'misfire', 'jitter', 'tz', 'history'];
const INSTANCE_OPTIONS = new Set([
  ...RUN_OPTIONS,
  'connection',
  'prefix',
  'concurrency',
  'disableRedisConfig',
]);
const PAUSE_OPTIONS = new Set(['until', 'note']);
/** The most characters of a pause's note. */
export const LONGEST_NOTE = 200;
const HISTORY_OPTIONS = new Set(['runs', 'errors']);
const JOB_OPTIONS = new Set([...RUN_OPTIONS, 'work', 'every', 'cron']);

/** @throws TypeError or RangeError, naming the option and its value */
export function readOptions(options: BossmanOptions): InstanceSettings {
  const given = record('options', options, INSTANCE_OPTIONS);
  return {
    prefix: wellFormed(ofType('prefix', given.prefix, 'string') ?? DEFAULT_PREFIX),
    disableRedisConfig: ofType('disableRedisConfig', given.disableRedisConfig, 'boolean') ?? false,
    concurrency: readConcurrency(given.concurrency),
    run: readRunOptions(given, DEFAULTS),
  };
}

function readConcurrency(given: unknown): number {
  const runs = ofType('concurrency', given, 'number') ?? Number.POSITIVE_INFINITY;
  if (runs === Number.POSITIVE_INFINITY || (Number.isSafeInteger(runs) && runs >= 1)) return runs;
  throw new RangeError(`concurrency: ${runs} is neither a whole number above 0 nor Infinity`);
}

/** @throws TypeError or RangeError, naming the option and its value */
export function readDefinition(
  definition: JobDefinition,
  over: RunSettings,
  job: { prefix: string; name: string },
): JobSettings {
  const given = record('definition', definition, JOB_OPTIONS);
  const work: unknown = given.work;
  if (typeof work !== 'function') throw new TypeError(`work: ${shown(work)} is not a function`);
  const run = readRunOptions(given, over);
  const schedule = scheduleOf(given, run.tz, run.jitterMs, job);
  if (typeof given.cron === 'string') warnOfEitherDay(given.cron, job.name);
  if (run !== over || !schedule) return settingsOf(run, schedule);
  // Share the settings of jobs that only give a plan, because there may be thousands.
  const known = shared.get(schedule);
  if (known?.over === over) return known.settings;
  const settings = settingsOf(run, schedule);
  shared.set(schedule, { over, settings });
  return settings;
}

const shared = new WeakMap<Schedule, { over: RunSettings; settings: JobSettings }>();

function settingsOf(
  { ttlMs, keepAlive, recover, misfire, history, errors }: RunSettings,
  schedule: Schedule | null,
): JobSettings {
  return { ttlMs, keepAlive, recover, misfire, history, errors, schedule };
}

/** @returns the timeout in ms, or null for the default */
export function readQuitOptions(options: QuitOptions): number | null {
  const timeout = ofType('timeout', optionsIn('options', options, ['timeout']).timeout, 'number') ?? null;
  if (timeout !== null && !(timeout >= 0))
    throw new RangeError(`timeout: ${timeout} is not a number of milliseconds`);
  return timeout;
}

/** @returns how many runs; see `HistoryOptions` */
export function readHistoryOptions(options: HistoryOptions): number {
  const last = ofType('last', optionsIn('options', options, ['last']).last, 'number') ?? DEFAULT_LAST;
  if (!Number.isSafeInteger(last) || last < 1) {
    throw new RangeError(`last: ${last} is not a whole number of runs above 0`);
  }
  return last;
}

/**
 * @param now ms since the epoch; default: by the process's clock
 * @throws TypeError or RangeError, naming the option and its value
 */
export function readPauseOptions(options: PauseOptions, now = Date.now()): PauseSettings {
  const given = record('options', options, PAUSE_OPTIONS);
  const note = wellFormed(ofType('note', given.note, 'string') ?? '');
  if (note.length > LONGEST_NOTE) {
    throw new RangeError(`note: ${shown(note)} is longer than ${LONGEST_NOTE} characters`);
  }
  return { end: isGiven(given.until) ? readUntil(given.until, now) : null, note: note === '' ? null : note };
}

function readUntil(until: unknown, now: number): PauseSettings['end'] {
  if (typeof until === 'string') return { inMs: parseInterval(until, 'until') };
  const at = types.isDate(until) ? until.getTime() : until;
  if (typeof at !== 'number') {
    throw new TypeError(
      `until: ${shown(until)} is neither a Date, nor a number, nor a duration such as '2 hours'`,
    );
  }
  // The scripts do not accept times from the year 33658 on.
  if (!(Math.abs(at) < FIRED)) throw new RangeError(`until: ${shown(until)} is not a valid time`);
  if (at <= now) {
    throw new RangeError(
      `until: ${shown(until)} is in the past; a number is in ms since the epoch, a duration is a string such as '2 hours'`,
    );
  }
  return { at: Math.ceil(at) };
}

/** @returns how many slots; see `NextOptions` */
export function readNextOptions(options: NextOptions): number {
  return readCount(optionsIn('options', options, ['count']).count ?? DEFAULT_COUNT);
}

/** @throws TypeError for what is not a string, RangeError for an empty one */
export function readName(name: unknown): string {
  if (typeof name !== 'string') throw new TypeError(`name: ${shown(name)} is not a string`);
  if (name === '') throw new RangeError("name: '' is empty; a job needs a name");
  return wellFormed(name);
}

/** Replaces lone surrogates, which cannot be sent: Redis would store a different name. */
function wellFormed(name: string): string {
  return name.replace(/\p{Surrogate}/gu, '\ufffd');
}

/** Returns `over` itself if no option is given. */
function readRunOptions(given: Record<string, unknown>, over: RunSettings): RunSettings {
  if (!RUN_OPTIONS.some((option) => isGiven(given[option]))) return over;
  const ttlMs = ofType('ttl', given.ttl, 'number') ?? over.ttlMs;
  if (!Number.isSafeInteger(ttlMs) || ttlMs < 1) {
    throw new RangeError(`ttl: ${shown(given.ttl)} is not a whole number of milliseconds above 0`);
  }
  const tz = ofType('tz', given.tz, 'string') ?? over.tz;
  if (tz !== null && tz !== over.tz) checkTimeZone(tz);
  return {
    ttlMs,
    keepAlive: ofType('keepAlive', given.keepAlive, 'boolean') ?? over.keepAlive,
    recover: ofType('recover', given.recover, 'boolean') ?? over.recover,
    misfire: readMisfire(given.misfire) ?? over.misfire,
    jitterMs: isGiven(given.jitter) ? parseJitter(given.jitter) : over.jitterMs,
    tz,
    ...readHistory(given.history, over),
  };
}

/** @returns undefined when it is not given */
function readMisfire(misfire: unknown): RunSettings['misfire'] | undefined {
  if (!isGiven(misfire)) return undefined;
  if (misfire === 'run' || misfire === 'skip') return misfire;
  if (typeof misfire === 'object' && misfire !== null) {
    const keys = readable('misfire', () => Object.keys(misfire));
    const read = () => Reflect.get(misfire, 'within');
    if (keys.join() === 'within') return parseInterval(readable('misfire.within', read), 'misfire.within');
  }
  const problem = `misfire: ${shown(misfire)} is neither 'run', nor 'skip', nor { within: TIME }`;
  throw typeof misfire === 'string' ? new RangeError(problem) : new TypeError(problem);
}

function readHistory(history: unknown, over: RunSettings): Pick<RunSettings, 'history' | 'errors'> {
  if (!isGiven(history)) return { history: over.history, errors: over.errors };
  if (typeof history === 'number') return { history: runsOf('history', history), errors: over.errors };
  if (typeof history !== 'object' || readable('history', () => Array.isArray(history))) {
    throw new TypeError(`history: ${shown(history)} is neither a number of runs nor { runs, errors }`);
  }
  const given = record('history', history, HISTORY_OPTIONS, 'history.');
  const runs = ofType('history.runs', given.runs, 'number');
  return {
    history: runs === undefined ? over.history : runsOf('history.runs', runs),
    errors: ofType('history.errors', given.errors, 'boolean') ?? over.errors,
  };
}

function runsOf(option: string, runs: number): number {
  if (!Number.isSafeInteger(runs) || runs < 0) {
    throw new RangeError(`${option}: ${runs} is not a whole number of runs`);
  }
  return runs;
}

/** Returns the known options, and warns once about each unknown one. */
function record(argument: string, value: unknown, known: Set<string>, at = ''): Record<string, unknown> {
  const given = optionsIn(argument, value, known, at);
  for (const key of readable(argument, () => unknownIn(Object(value), known))) {
    const option = `${argument}.${key}`;
    if (warned.has(option)) continue;
    warned.add(option);
    warn(`${option}: no such option; it has no effect`);
  }
  return given;
}

/** Unknown keys of a plain object. An instance of a class may have any other properties. */
function unknownIn(given: object, known: Set<string>): string[] {
  return isPlain(given) ? Object.keys(given).filter((key) => !known.has(key)) : [];
}

interface Types {
  string: string;
  number: number;
  boolean: boolean;
}

/** Returns undefined if the value is not given. */
function ofType<T extends keyof Types>(argument: string, value: unknown, type: T): Types[T] | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === type) return value as Types[T];
  throw new TypeError(`${argument}: ${shown(value)} is not a ${type}`);
}

/** Warns users of other libraries, some of which require both fields to match. */
function warnOfEitherDay(pattern: string, job: string): void {
  if (!isEitherDay(pattern.trim()) || warned.has(pattern)) return;
  warned.add(pattern);
  warn(
    `cron: ${shown(pattern)} of job ${shown(job)} runs when the day of month or the day of week matches; write + in front of the day of week to require both`,
  );
}

const warned = new Set<string>();
