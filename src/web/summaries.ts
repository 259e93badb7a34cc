import type { JobInfo, RunRecord } from '../info';
import { attentionTo } from '../inspection/attention';
import type { JobSummary, RecentRun } from './api';

/** The number of runs in a job's strip. */
export const STRIP = 20;
/** Characters of an error in a strip. */
const LONGEST_ERROR = 200;
/** The defaults of `bossman check`. */
const LIMITS = { overdue: 60_000, failures: 1 };

/** A job as the page lists it. @param recent its last runs, oldest first */
export function summaryOf(job: JobInfo, recent: RecentRun[], now: number): JobSummary {
  const { running } = job;
  return {
    ...job,
    running: running && { ...running, ...restOf(running) },
    attention: attentionTo(job, now, LIMITS),
    recent,
  };
}

function restOf({ lockRestMs }: NonNullable<JobInfo['running']>): { lockRestMs: number | null } {
  return { lockRestMs: Number.isFinite(lockRestMs) ? lockRestMs : null };
}

/** A run as a strip shows it. */
export function recentRun({ slot, startedAt, durationMs, lateness, outcome, error }: RunRecord): RecentRun {
  return { slot, startedAt, durationMs, lateness, outcome, error: error?.slice(0, LONGEST_ERROR) ?? null };
}

/** A text that is equal for equal states. It omits what changes only because time passes. */
export function fingerprint(job: JobSummary): string {
  const { running, overdue, recent, ...rest } = job;
  const { lockRestMs: _, ...run } = running ?? {};
  return JSON.stringify([rest, run, overdue !== null, recent.length, recent.at(-1)?.startedAt]);
}
