import type { JobInfo } from '../info';
import { hasNobody, inOrder } from './jobs';
import { notKnown } from './names';
import { nothingHere } from './nothing';
import { pausedText } from './pauses';
import { look, type Session } from './session';
import { counted, quoted } from './text';
import { fromNow, span } from './time';

/** What counts as a fault. */
export interface CheckOptions {
  /** ms after which an unclaimed slot, or a demand that no instance can run, is a fault. */
  overdue: number;
  /** This many consecutive failed runs are a fault. */
  failures: number;
}

/** A problem that needs attention. */
interface Fault {
  /** Null: the whole fleet. */
  job: string | null;
  fault: 'overdue' | 'failing' | 'died' | 'orphaned' | 'unclaimed' | 'unknown' | 'nothing';
  /** A sentence for people. */
  found: string;
}

/** A probe for monitoring: the exit status is 0 if all is well, and 1 if a job needs attention. */
export async function check(session: Session, options: CheckOptions): Promise<number> {
  const { inspector, output } = session;
  const seen = await look(inspector);
  const { at, instances, silence } = seen;
  const jobs = inOrder(seen.jobs);
  const faults = jobs.flatMap((job) => faultsOf(job, at, options));
  if (silence !== null) faults.push({ job: null, fault: 'unknown', found: notKnown(silence) });
  else if (jobs.length === 0 && instances.length === 0) {
    faults.push({ job: null, fault: 'nothing', found: await nothingHere(inspector) });
  }
  const status = faults.length === 0 ? 'ok' : 'fail';
  const paused = jobs.filter((job) => job.paused);
  const said = { at, status, faults, jobs: jobs.length, instances: instances.length };
  output.say({ ...said, paused: paused.map(({ name }) => name) }, () => {
    const pauses = paused.map((job) => {
      const text = `${quoted(job.name)} is ${pausedText(job.paused, at)}`;
      return `${output.paint.yellow('note')}  ${text}`;
    });
    if (faults.length > 0)
      return [...faults.map(({ found }) => `${output.paint.red('fail')}  ${found}`), ...pauses];
    const all = `${counted(jobs.length, 'job')}, ${counted(instances.length, 'instance')}`;
    return [`${output.paint.green('ok')}    ${all}`, ...pauses];
  });
  return faults.length === 0 ? 0 : 1;
}

function faultsOf(job: JobInfo, at: number, { overdue, failures }: CheckOptions): Fault[] {
  const { name, lastRun, demandedSince } = job;
  const faults: Fault[] = [];
  const add = (fault: Fault['fault'], found: string) =>
    faults.push({ job: name, fault, found: `${quoted(name)} ${found}` });
  if (hasNobody(job) && demandedSince !== null && at - demandedSince > overdue) {
    add('unclaimed', `was demanded ${fromNow(demandedSince, at)}, and no instance hires it`);
  }
  // A paused job has already been attended to.
  if (job.paused) return faults;
  if (job.overdue !== null && job.overdue > overdue) {
    add('overdue', `is overdue: its slot passed ${span(job.overdue)} ago, and no instance has claimed it`);
  }
  if (job.orphaned) add('orphaned', 'is orphaned: it has a plan, and no instance hires it');
  if (lastRun?.outcome === 'died') {
    add('died', `died in its last run, which began ${fromNow(lastRun.startedAt, at)}`);
  } else if (lastRun && job.failuresInARow >= failures) {
    const times =
      job.failuresInARow === 1 ? 'its last run' : `its last ${counted(job.failuresInARow, 'run')}`;
    const why = lastRun.error === null ? '' : `: ${lastRun.error}`;
    add(
      'failing',
      `is failing: ${times} ${lastRun.outcome}, the latest ${fromNow(lastRun.startedAt, at)}${why}`,
    );
  }
  return faults;
}
