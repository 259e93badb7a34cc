import { forEach, type PauseTarget, targetsOf } from './pauses';
import type { Session } from './session';
import { counted, quoted } from './text';

/** Ends the pause of a job, or of all that are paused. */
export async function resume({ inspector, output }: Session, target: PauseTarget): Promise<number> {
  const jobs = targetsOf(await inspector.jobs(), target, ({ paused }) => paused !== null);
  const resumed: string[] = [];
  await forEach(jobs, async ({ name }) => {
    if (await inspector.resume(name)) resumed.push(name);
  });
  resumed.sort();
  const [job] = jobs;
  output.say(target.all ? { resumed } : { job: job?.name, resumed: resumed.length > 0 }, () => {
    if (target.all) return [`resumed ${counted(resumed.length, 'job')}`];
    const name = quoted(job?.name ?? '');
    return [resumed.length > 0 ? `resumed ${name}` : `${name} was not paused`];
  });
  return 0;
}
