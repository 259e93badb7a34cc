import { inspect } from 'node:util';
import type { HistoryOptions } from './info';
import type { BossmanOptions, JobDefinition, QuitOptions } from './options';
import {
  checkTimeZone,
  cronSchedule,
  everySchedule,
  processTimeZone,
  type Schedule,
} from './schedule/schedule';

/** `BossmanOptions` as they were checked, with the defaults for what was not given. */
export interface InstanceSettings {
  prefix: string;
  disableRedisConfig: boolean;
  run: RunSettings;
}

/** `RunOptions` as they were checked, with the defaults for what was not given. */
export interface RunSettings {
  ttlMs: number;
  keepAlive: boolean;
  recover: boolean;
  misfire: 'run' | 'skip';
  /** null: the process's */
  tz: string | null;
  /** Runs that are kept. */
  history: number;
}

/** How one job is run here, and when. */
export interface JobSettings extends Omit<RunSettings, 'tz'> {
  /** null: takes demands, never slots */
  schedule: Schedule | null;
}

const DEFAULTS: RunSettings = {
  ttlMs: 2000,
  keepAlive: false,
  recover: false,
  misfire: 'run',
  tz: null,
  history: 100,
};
/** How many runs `history` gives when it is not told. */
export const DEFAULT_LAST = 20;
export const DEFAULT_PREFIX = 'bossman';

const RUN_OPTIONS = ['ttl', 'keepAlive', 'recover', 'misfire', 'tz', 'history'];
const INSTANCE_OPTIONS = new Set([...RUN_OPTIONS, 'connection', 'prefix', 'disableRedisConfig']);
const JOB_OPTIONS = new Set([...RUN_OPTIONS, 'work', 'every', 'cron']);

/** @throws TypeError or RangeError, naming the option and its value */
export function readOptions(options: BossmanOptions): InstanceSettings {
  const given = record('options', options);
  warnOfUnknown('options', given, INSTANCE_OPTIONS);
  return {
    prefix: wellFormed(ofType('prefix', given.prefix, 'string') ?? DEFAULT_PREFIX),
    disableRedisConfig: ofType('disableRedisConfig', given.disableRedisConfig, 'boolean') ?? false,
    run: readRunOptions(given, DEFAULTS),
  };
}

/** @throws TypeError or RangeError, naming the option and its value */
export function readDefinition(definition: JobDefinition, over: RunSettings): JobSettings {
  const given = record('definition', definition);
  warnOfUnknown('definition', given, JOB_OPTIONS);
  const work: unknown = given.work;
  if (typeof work !== 'function') throw new TypeError(`work: ${inspect(work)} is not a function`);
  const run = readRunOptions(given, over);
  const schedule = readSchedule(given, run.tz);
  if (run !== over || !schedule) return settingsOf(run, schedule);
  // Thousands of jobs may say nothing but how often.
  const known = shared.get(schedule);
  if (known?.over === over) return known.settings;
  const settings = settingsOf(run, schedule);
  shared.set(schedule, { over, settings });
  return settings;
}

const shared = new WeakMap<Schedule, { over: RunSettings; settings: JobSettings }>();

function settingsOf(
  { ttlMs, keepAlive, recover, misfire, history }: RunSettings,
  schedule: Schedule | null,
): JobSettings {
  return { ttlMs, keepAlive, recover, misfire, history, schedule };
}

/** @returns the timeout in ms, or null for the default */
export function readQuitOptions(options: QuitOptions): number | null {
  const timeout = ofType('timeout', record('options', options).timeout, 'number') ?? null;
  if (timeout !== null && !(timeout >= 0))
    throw new RangeError(`timeout: ${timeout} is not a number of milliseconds`);
  return timeout;
}

/** @returns how many runs; see `HistoryOptions` */
export function readHistoryOptions(options: HistoryOptions): number {
  const last = ofType('last', record('options', options).last, 'number') ?? DEFAULT_LAST;
  if (!Number.isSafeInteger(last) || last < 1) {
    throw new RangeError(`last: ${last} is not a whole number of runs above 0`);
  }
  return last;
}

/** @throws TypeError for what is not a string, RangeError for an empty one */
export function readName(name: unknown): string {
  if (typeof name !== 'string') throw new TypeError(`name: ${inspect(name)} is not a string`);
  if (name === '') throw new RangeError("name: '' is empty; a job needs a name");
  return wellFormed(name);
}

/** Half a surrogate pair cannot be sent: Redis would keep another name than we do. */
function wellFormed(name: string): string {
  return name.replace(/\p{Surrogate}/gu, '\ufffd');
}

function readSchedule({ every, cron }: Record<string, unknown>, tz: string | null): Schedule | null {
  const hasEvery = every !== undefined && every !== null;
  const hasCron = cron !== undefined && cron !== null;
  if (hasEvery && hasCron) {
    throw new TypeError(
      `every: ${inspect(every)} and cron: ${inspect(cron)} exclude each other; give one of them`,
    );
  }
  // The values' own types are looked at where they are parsed.
  if (hasEvery) return everySchedule(every as string | number);
  if (hasCron) return cronSchedule(cron as string, tz ?? processTimeZone());
  return null;
}

/** `over` itself when nothing is given. */
function readRunOptions(given: Record<string, unknown>, over: RunSettings): RunSettings {
  if (RUN_OPTIONS.every((option) => given[option] === undefined || given[option] === null)) return over;
  const ttlMs = ofType('ttl', given.ttl, 'number') ?? over.ttlMs;
  if (!Number.isSafeInteger(ttlMs) || ttlMs < 1) {
    throw new RangeError(`ttl: ${inspect(given.ttl)} is not a whole number of milliseconds above 0`);
  }
  const misfire = ofType('misfire', given.misfire, 'string') ?? over.misfire;
  if (misfire !== 'run' && misfire !== 'skip') {
    throw new RangeError(`misfire: ${inspect(given.misfire)} is neither 'run' nor 'skip'`);
  }
  const history = ofType('history', given.history, 'number') ?? over.history;
  if (!Number.isSafeInteger(history) || history < 0) {
    throw new RangeError(`history: ${inspect(given.history)} is not a whole number of runs`);
  }
  const tz = ofType('tz', given.tz, 'string') ?? over.tz;
  if (tz !== null && tz !== over.tz) checkTimeZone(tz);
  return {
    ttlMs,
    keepAlive: ofType('keepAlive', given.keepAlive, 'boolean') ?? over.keepAlive,
    recover: ofType('recover', given.recover, 'boolean') ?? over.recover,
    misfire,
    tz,
    history,
  };
}

function record(argument: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) {
    throw new TypeError(`${argument}: ${inspect(value)} is not an object`);
  }
  return value as Record<string, unknown>;
}

interface Types {
  string: string;
  number: number;
  boolean: boolean;
}

/** null and undefined both mean: not given. */
function ofType<T extends keyof Types>(argument: string, value: unknown, type: T): Types[T] | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === type) return value as Types[T];
  throw new TypeError(`${argument}: ${inspect(value)} is not a ${type}`);
}

const warned = new Set<string>();

function warnOfUnknown(argument: string, given: Record<string, unknown>, known: Set<string>): void {
  for (const key of Object.keys(given)) {
    if (known.has(key)) continue;
    const option = `${argument}.${key}`;
    if (warned.has(option)) continue;
    warned.add(option);
    process.emitWarning(`${option}: no such option, it does nothing`, 'BossmanWarning');
  }
}
