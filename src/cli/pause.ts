import type { JobInfo } from '../info';
import { readPauseOptions } from '../settings';
import { visible } from '../telling/visible';
import { Failure } from './failure';
import { jobOf, type Session } from './session';
import { counted, quoted } from './text';
import { clockTime } from './time';

/** Jobs whose calls are on their way at the same time. */
const TOGETHER = 100;

/** Of which job, or of all. */
export interface PauseTarget {
  name: string | undefined;
  all: boolean;
}

/** Keeps the slots of a job, or of all that have a plan, from being run. */
export async function pause(
  { inspector, output }: Session,
  target: PauseTarget,
  options: { until?: Date | string; note?: string },
): Promise<number> {
  const settings = readPauseOptions(options);
  const known = await inspector.jobs();
  const jobs = named(known, target, ({ plan }) => plan !== null);
  await eachOf(jobs, ({ name }) => inspector.pause(name, settings));
  const paused = new Map((await inspector.jobs()).map((job) => [job.name, job]));
  const at = Date.now();
  const told = jobs.map(({ name }) => ({ job: name, paused: paused.get(name)?.paused ?? null }));
  output.say(target.all ? { jobs: told } : told[0], () => {
    const [first] = told;
    const what = target.all ? counted(jobs.length, 'job') : quoted(first?.job ?? '');
    const until = pausedText(first?.paused ?? null, at);
    return [`${what}: ${until || 'nothing to pause'}${until && '; demands still run'}`];
  });
  return 0;
}

/** Ends the pause of a job, or of all that are paused. */
export async function resume({ inspector, output }: Session, target: PauseTarget): Promise<number> {
  const jobs = named(await inspector.jobs(), target, ({ paused }) => paused !== null);
  const resumed: string[] = [];
  await eachOf(jobs, async ({ name }) => {
    if (await inspector.resume(name)) resumed.push(name);
  });
  resumed.sort();
  output.say(target.all ? { resumed } : { job: jobs[0]?.name, resumed: resumed.length > 0 }, () => {
    if (target.all) return [`resumed ${counted(resumed.length, 'job')}`];
    const name = quoted(jobs[0]?.name ?? '');
    return [resumed.length > 0 ? `resumed ${name}` : `${name} was not paused`];
  });
  return 0;
}

/** `paused until 14:00: the supplier is down`; '': it is not. */
export function pausedText(paused: JobInfo['paused'], at: number): string {
  if (!paused) return '';
  const { until, note } = paused;
  return `paused${until === null ? '' : ` until ${clockTime(until, at)}`}${note === null ? '' : `: ${visible(note)}`}`;
}

function named(jobs: JobInfo[], { name, all }: PauseTarget, isMeant: (job: JobInfo) => boolean): JobInfo[] {
  if (all && name !== undefined) throw new Failure(`give a name or --all, not both`, 2);
  if (all) return jobs.filter(isMeant);
  if (name === undefined) throw new Failure('give the name of a job, or --all', 2);
  return [jobOf(jobs, name)];
}

async function eachOf(jobs: readonly JobInfo[], call: (job: JobInfo) => Promise<void>): Promise<void> {
  for (let from = 0; from < jobs.length; from += TOGETHER)
    await Promise.all(jobs.slice(from, from + TOGETHER).map(call));
}
