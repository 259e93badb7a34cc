import type Bossman from '../../src';

/** A job of the storm: how the members hire it, and what the checker expects of it. */
export interface StormJob {
  /** ms between two slots; null: on demand only. */
  every: number | null;
  /** Used instead of `every` when the job is hired. */
  cron?: string;
  ttl: number;
  keepAlive?: boolean;
  recover?: boolean;
  misfire?: 'run' | 'skip';
  /** How many ms a run takes: usually, and every seventh time. */
  workMs: [usual: number, seventh: number];
  /** Every fifth run throws. */
  fails?: boolean;
  /** The work stops when its signal aborts. */
  heeds?: boolean;
  demanded?: boolean;
  fired?: boolean;
  paused?: boolean;
  /** Not hired at first; later hired by some members for a while, and forgotten. */
  passing?: boolean;
}

export type Jobs = Record<string, StormJob>;

export const JOBS: Jobs = {
  quick: { every: 200, ttl: 500, workMs: [0, 30] },
  // Every seventh run outlives its lock.
  slow: { every: 500, ttl: 400, workMs: [100, 700] },
  kept: { every: 700, ttl: 400, keepAlive: true, workMs: [250, 900] },
  heedful: { every: 800, ttl: 600, keepAlive: true, recover: true, workMs: [300, 900], heeds: true },
  // Takes longer than the grace period of a quit in a hurry.
  stubborn: { every: 1800, ttl: 600, keepAlive: true, recover: true, workMs: [1200, 1400] },
  picky: { every: 300, ttl: 500, misfire: 'skip', workMs: [5, 50], fails: true },
  saved: { every: 600, ttl: 500, recover: true, workMs: [150, 300] },
  // The only job whose slots a wrong wall clock could move.
  cron: { every: 1000, cron: '* * * * * *', ttl: 500, workMs: [5, 50] },
  fired: { every: 250, ttl: 500, workMs: [0, 100], fired: true },
  halted: { every: 250, ttl: 500, workMs: [0, 100], paused: true },
  passing: { every: 250, ttl: 500, workMs: [0, 100], passing: true },
  errand: { every: null, ttl: 500, workMs: [5, 600], demanded: true },
  both: { every: 400, ttl: 500, workMs: [20, 200], demanded: true },
};

/** The number of runs in a history: more than a job has in a storm, so that the checker sees all of them. */
const KEPT = 5000;

/** The definition that is passed to `hire`. */
export function definitionOf(
  { every, cron, ttl, keepAlive, recover, misfire }: StormJob,
  work: Bossman.JobDefinition['work'],
): Bossman.JobDefinition {
  const plan = cron === undefined ? { every: every ?? undefined } : { cron, tz: 'UTC' };
  return { ...plan, ttl, keepAlive, recover, misfire, history: KEPT, work };
}
