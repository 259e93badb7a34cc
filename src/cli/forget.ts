import { Failure } from './failure';
import { instanceName, notKnown } from './names';
import { jobOf, look, type Session } from './session';
import { quoted } from './text';

/** Deletes what Redis keeps of a job that no instance hires. */
export async function forget(session: Session, name: string): Promise<number> {
  const { inspector, output } = session;
  const { jobs, instances, silence } = await look(inspector);
  const { hiredBy } = jobOf(jobs, name);
  if (hiredBy.length > 0) {
    const who = hiredBy.map((id) => instanceName(id, instances)).join(', ');
    throw new Failure(`${quoted(name)} is hired by ${who}; the job would come back at once`);
  }
  if (silence !== null) {
    throw new Failure(
      `${quoted(name)} is not forgotten, because an instance may hire it: ${notKnown(silence)}`,
    );
  }
  await inspector.forget(name);
  output.say({ job: name, forgotten: true }, () => [`forgot ${quoted(name)}`]);
  return 0;
}
