import type { JobInfo } from '../info';
import { visible } from '../telling/visible';
import { Failure } from './failure';
import { jobOf } from './session';
import { clockTime } from './time';

/** The number of concurrent calls. */
const TOGETHER = 100;

/** What to pause or resume: one job, or all. */
export interface PauseTarget {
  name: string | undefined;
  all: boolean;
}

/** @throws Failure unless either a known name or `all` is given */
export function targetsOf(
  jobs: JobInfo[],
  { name, all }: PauseTarget,
  isMeant: (job: JobInfo) => boolean,
): JobInfo[] {
  if (all && name !== undefined) throw new Failure('pass a name or --all, not both', 2);
  if (all) return jobs.filter(isMeant);
  if (name === undefined) throw new Failure('pass the name of a job, or --all', 2);
  return [jobOf(jobs, name)];
}

/** Calls for each job, for a limited number at a time. */
export async function forEach(
  jobs: readonly JobInfo[],
  call: (job: JobInfo) => Promise<void>,
): Promise<void> {
  for (let from = 0; from < jobs.length; from += TOGETHER)
    await Promise.all(jobs.slice(from, from + TOGETHER).map(call));
}

/** `paused until 14:00: the supplier is down`; '' if it is not paused. */
export function pausedText(paused: JobInfo['paused'], at: number): string {
  if (!paused) return '';
  const until = paused.until === null ? '' : ` until ${clockTime(paused.until, at)}`;
  const note = paused.note === null ? '' : `: ${visible(paused.note)}`;
  return `paused${until}${note}`;
}
