import { Failure } from './failure';
import { jobOf, type Session } from './session';
import { quoted } from './text';

/** Ends the scheduled runs of a job. */
export async function fire(session: Session, name: string): Promise<number> {
  const { inspector, output } = session;
  const { plan } = jobOf(await inspector.jobs(), name);
  if (plan === null) throw new Failure(`${quoted(name)} has no plan to fire: it only runs on demand`);
  await inspector.fire(name);
  output.say({ job: name, fired: true }, () => [
    `fired ${quoted(name)}: it only runs on demand, until an instance that hires it starts`,
  ]);
  return 0;
}
