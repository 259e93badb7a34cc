import { holdersOf } from '../inspection/forgetting';
import { visible } from '../telling/visible';
import { Failure } from './failure';
import { instanceName } from './names';
import { jobOf, type Session } from './session';
import { quoted } from './text';

/** Deletes the data in Redis of a job that no instance hires. */
export async function forget(session: Session, name: string): Promise<number> {
  const { inspector, output } = session;
  const [jobs, { instances, silence }] = await Promise.all([inspector.jobs(), inspector.wholeRoll()]);
  const { hiredBy } = jobOf(jobs, name);
  const holders = holdersOf(name, instances);
  if (holders.length > 0) {
    const who = holders.map(({ id }) => instanceName(id, instances)).join(', ');
    const does = hiredBy.length > 0 ? 'is hired by' : 'still runs in';
    throw new Failure(`${quoted(name)} ${does} ${who}; the job would come back at once`);
  }
  if (silence !== null) {
    throw new Failure(`${quoted(name)} is not forgotten: an instance may hire it: ${visible(silence)}`);
  }
  const { demandedAt } = await inspector.forget(name);
  const demand = demandedAt === null ? {} : { demandedAt };
  output.say({ job: name, forgotten: true, ...demand }, () => [
    `forgot ${quoted(name)}${demandedAt === null ? '' : ' and its waiting demand'}`,
  ]);
  return 0;
}
