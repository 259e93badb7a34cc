import type { JobInfo, RunRecord } from '../info';
import type { Attention, JobSummary, RecentRun } from './api';

/** Runs in a job's strip. */
export const STRIP = 20;
/** Characters of an error there. */
const LONGEST_ERROR = 200;
/** ms after which a slot that nobody has claimed, or a demand that nobody can run, needs somebody; as in `bossman check`. */
const TOO_LATE = 60_000;

/** A job as the page lists it. @param recent its last runs, the oldest first */
export function summaryOf(job: JobInfo, recent: RecentRun[], now: number): JobSummary {
  const { running } = job;
  return {
    ...job,
    running: running && { ...running, ...restOf(running) },
    attention: needs(job, now),
    recent,
  };
}

function restOf({ lockRestMs }: NonNullable<JobInfo['running']>): { lockRestMs: number | null } {
  return { lockRestMs: Number.isFinite(lockRestMs) ? lockRestMs : null };
}

function needs(job: JobInfo, now: number): Attention[] {
  const { lastRun, demandedSince } = job;
  const found: Attention[] = [];
  // Of a paused job somebody knows already.
  if (!job.paused) {
    if (job.overdue !== null && job.overdue > TOO_LATE) found.push('overdue');
    if (lastRun?.outcome === 'died') found.push('died');
    else if (job.failuresInARow > 0) found.push('failing');
    if (job.orphaned) found.push('orphaned');
  }
  const isUnheard = job.hirersKnown && job.hiredBy.length === 0;
  if (isUnheard && demandedSince !== null && now - demandedSince > TOO_LATE) found.push('unclaimed');
  return found;
}

/** A run as a strip shows it. */
export function recentRun({ slot, startedAt, durationMs, lateness, outcome, error }: RunRecord): RecentRun {
  return { slot, startedAt, durationMs, lateness, outcome, error: error?.slice(0, LONGEST_ERROR) ?? null };
}

/** The same text for the same state: without what changes only because time passes. */
export function fingerprint(job: JobSummary): string {
  const { running, overdue, recent, ...rest } = job;
  const { lockRestMs: _, ...run } = running ?? {};
  return JSON.stringify([rest, run, overdue !== null, recent.length, recent.at(-1)?.startedAt]);
}
