import type { JobInfo } from '../info';

/** Why a job needs attention. */
export type Attention = 'failing' | 'died' | 'overdue' | 'orphaned' | 'unclaimed';

export interface Limits {
  /** ms after which an unclaimed slot, or a demand that no instance can run, needs attention. */
  overdue: number;
  /** This many consecutive failed runs need attention. */
  failures: number;
}

/** What is wrong with a job, for `bossman check` and the page. */
export function attentionTo(job: JobInfo, at: number, { overdue, failures }: Limits): Attention[] {
  const { lastRun, demandedSince } = job;
  const found: Attention[] = [];
  // A paused job has already been attended to.
  if (!job.paused) {
    if (job.overdue !== null && job.overdue > overdue) found.push('overdue');
    if (lastRun?.outcome === 'died') found.push('died');
    else if (lastRun && job.failuresInARow >= failures) found.push('failing');
    if (job.orphaned) found.push('orphaned');
  }
  if (hasNobody(job) && demandedSince !== null && at - demandedSince > overdue) found.push('unclaimed');
  return found;
}

/** Whether a demand is waiting and no answering instance hires its job. */
export function hasNobody({ demandedSince, hiredBy, hirersKnown }: JobInfo): boolean {
  return demandedSince !== null && hiredBy.length === 0 && hirersKnown;
}
