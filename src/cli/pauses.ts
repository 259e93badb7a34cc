import type { JobInfo } from '../info';
import { visible } from '../telling/visible';
import { Failure } from './failure';
import { jobOf } from './session';
import { clockTime } from './time';

/** Jobs whose calls are on their way at the same time. */
const TOGETHER = 100;

/** What is paused, or resumed: one job, or all that are meant. */
export interface PauseTarget {
  name: string | undefined;
  all: boolean;
}

/** @throws Failure unless there is either a name that is known, or `all` */
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

/** Calls for each job, for some at a time. */
export async function forEach(
  jobs: readonly JobInfo[],
  call: (job: JobInfo) => Promise<void>,
): Promise<void> {
  for (let from = 0; from < jobs.length; from += TOGETHER)
    await Promise.all(jobs.slice(from, from + TOGETHER).map(call));
}

/** `paused until 14:00: the supplier is down`; '': it is not. */
export function pausedText(paused: JobInfo['paused'], at: number): string {
  if (!paused) return '';
  const until = paused.until === null ? '' : ` until ${clockTime(paused.until, at)}`;
  const note = paused.note === null ? '' : `: ${visible(paused.note)}`;
  return `paused${until}${note}`;
}
