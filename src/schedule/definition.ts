import { shown } from '../errors';
import { parseInterval } from './interval';
import { jittered, offsetOf } from './jitter';
import { cronSchedule, everySchedule, processTimeZone, type Schedule } from './schedule';

/** The plan options of a definition, unchecked. */
export interface PlanDefinition {
  every?: unknown;
  cron?: unknown;
}

/** The default prefix of a fleet. A job's jitter depends on it too. */
export const DEFAULT_PREFIX = 'bossman';

/** The job whose offset is derived from its jitter. */
export interface JitterOf {
  prefix: string;
  name: string;
}

/**
 * @param jitterMs the bound of the job's jitter; 0: none
 * @returns null without `every` and `cron`
 * @throws TypeError or RangeError, naming the option and its value
 */
export function scheduleOf(
  { every, cron }: PlanDefinition,
  tz: string | null,
  jitterMs: number,
  of: JitterOf,
): Schedule | null {
  const hasEvery = every !== undefined && every !== null;
  const hasCron = cron !== undefined && cron !== null;
  if (hasEvery && hasCron) {
    throw new TypeError(
      `every: ${shown(every)} and cron: ${shown(cron)} exclude each other; use one of them`,
    );
  }
  if (!hasEvery && !hasCron) return null;
  // Both check the type of their argument.
  const schedule = hasEvery
    ? everySchedule(every as string | number)
    : cronSchedule(cron as string, tz ?? processTimeZone());
  return jitterMs === 0 ? schedule : jittered(schedule, offsetOf(schedule, jitterMs, of));
}

/**
 * Parses a jitter: ms, or a phrase as for {@link parseInterval}; 0 for none.
 *
 * @throws TypeError or RangeError, naming `jitter` and its value
 */
export function parseJitter(jitter: unknown): number {
  return jitter === 0 ? 0 : parseInterval(jitter as string | number, 'jitter');
}
