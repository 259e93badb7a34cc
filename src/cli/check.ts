import type { JobInfo } from '../info';
import { type Attention, attentionTo, type Limits } from '../inspection/attention';
import { inOrder } from './jobs';
import { notKnown } from './names';
import { nothingHere } from './nothing';
import { pausedText } from './pauses';
import { look, type Session } from './session';
import { counted, quoted } from './text';
import { fromNow, span } from './time';

/** A problem that needs attention. */
interface Fault {
  /** Null: the whole fleet. */
  job: string | null;
  fault: Attention | 'unknown' | 'nothing';
  /** A sentence for people. */
  found: string;
}

/** A probe for monitoring: the exit status is 0 if all is well, and 1 if a job needs attention. */
export async function check(session: Session, options: Limits): Promise<number> {
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

/** In the order in which the faults of a job are listed. */
const WORDS: Record<Attention, (job: JobInfo, at: number) => string> = {
  unclaimed: ({ demandedSince }, at) =>
    `was demanded ${fromNow(demandedSince ?? at, at)}, and no instance hires it`,
  overdue: ({ overdue }) =>
    `is overdue: its slot passed ${span(overdue ?? 0)} ago, and no instance has claimed it`,
  orphaned: () => 'is orphaned: it has a plan, and no instance hires it',
  died: ({ lastRun }, at) => `died in its last run, which began ${fromNow(lastRun?.startedAt ?? at, at)}`,
  failing: ({ failuresInARow, lastRun }, at) => {
    const ago = fromNow(lastRun?.startedAt ?? at, at);
    const runs =
      failuresInARow === 1
        ? `run failed (${ago})`
        : `${counted(failuresInARow, 'run')} failed, the latest ${ago}`;
    const why = lastRun?.error ?? (lastRun?.outcome === 'abandoned' ? 'abandoned' : '');
    return `is failing: its last ${runs}${why && `: ${why}`}`;
  },
};

function faultsOf(job: JobInfo, at: number, limits: Limits): Fault[] {
  const found = attentionTo(job, at, limits);
  return (Object.keys(WORDS) as Attention[])
    .filter((fault) => found.includes(fault))
    .map((fault) => ({ job: job.name, fault, found: `${quoted(job.name)} ${WORDS[fault](job, at)}` }));
}
