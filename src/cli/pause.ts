import { readPauseOptions } from '../settings';
import { forEach, type PauseTarget, pausedText, targetsOf } from './pauses';
import type { Session } from './session';
import { counted, quoted } from './text';

/** Pauses a job, or all jobs that have a plan. */
export async function pause(
  { inspector, output }: Session,
  target: PauseTarget,
  options: { until?: Date | string; note?: string },
): Promise<number> {
  const settings = readPauseOptions(options);
  const jobs = targetsOf(await inspector.jobs(), target, ({ plan }) => plan !== null);
  await forEach(jobs, ({ name }) => inspector.pause(name, settings));
  const pauses = new Map((await inspector.jobs()).map(({ name, paused }) => [name, paused]));
  const done = jobs.map(({ name }) => ({ job: name, paused: pauses.get(name) ?? null }));
  output.say(target.all ? { jobs: done } : done[0], () => {
    const [first] = done;
    if (!first) return ['no job has a plan'];
    const what = target.all ? counted(done.length, 'job') : quoted(first.job);
    // A pause of a few ms may have ended by now.
    return [`${what}: ${pausedText(first.paused, Date.now()) || 'paused'}; demands still run`];
  });
  return 0;
}
