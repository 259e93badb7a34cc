import type { JobInfo, RunRecord } from '../info';
import { hasNobody } from '../inspection/attention';
import { isFailure } from '../redis/records';
import { visible } from '../telling/visible';
import { planOf, runnerName } from './names';
import type { Paint } from './output';
import { pausedText } from './pauses';
import type { Look } from './session';
import { type Cell, type Column, table } from './table';
import { counted } from './text';
import { fromNow, span } from './time';

/** ms after which an unclaimed slot counts as late. */
const LATE = 1000;

/** Sorts `job 2` before `job 10`. */
const byName = new Intl.Collator('en', { numeric: true }).compare;

const COLUMNS: Column[] = [
  { title: 'JOB', shrinksTo: 12 },
  { title: 'STATE', shrinksTo: 10 },
  { title: 'NEXT' },
  { title: 'LAST RUN', shrinksTo: 16 },
  { title: 'PLAN', shrinksTo: 8 },
  { title: 'RUNS', right: true },
  { title: 'FAILED', right: true },
  { title: 'SKIPPED', right: true },
];

/** The number of jobs and instances, and of jobs that need attention. */
export interface Summary {
  jobs: number;
  running: number;
  /** Jobs whose last run failed. */
  failing: number;
  /** Jobs whose plan no instance hires. */
  orphaned: number;
  paused: number;
  instances: number;
}

/** The same numbers as `summaryLine`, for JSON. */
export function summaryOf({ jobs, instances }: Look): Summary {
  return {
    jobs: jobs.length,
    running: jobs.filter((job) => job.running).length,
    failing: jobs.filter(isFailing).length,
    orphaned: jobs.filter((job) => job.orphaned).length,
    paused: jobs.filter((job) => job.paused).length,
    instances: instances.length,
  };
}

/** `12 jobs, 2 running, 1 failing, 1 orphaned, 1 paused, 3 instances`; `paused` only if there are any. */
export function summaryLine(look: Look, paint: Paint): string {
  const nobody = look.silence === null ? '0 instances' : 'instances unknown';
  const { jobs, running, failing, orphaned, paused, instances } = summaryOf(look);
  const some = (count: number, word: string, colour: (text: string) => string) =>
    count > 0 ? colour(`${count.toLocaleString('en')} ${word}`) : `0 ${word}`;
  return [
    paint.bold(counted(jobs, 'job')),
    some(running, 'running', paint.cyan),
    some(failing, 'failing', paint.red),
    some(orphaned, 'orphaned', paint.red),
    ...(paused > 0 ? [some(paused, 'paused', paint.yellow)] : []),
    instances > 0 ? counted(instances, 'instance') : paint.red(nobody),
  ].join(', ');
}

/** Sorts the jobs that need attention first, then paused ones, then the rest, each by name. */
export function inOrder(jobs: readonly JobInfo[]): JobInfo[] {
  const rank = (job: JobInfo) => {
    if (hasNobody(job)) return 0;
    if (job.paused) return 1;
    return isFailing(job) || job.orphaned ? 0 : 2;
  };
  return [...jobs].sort((a, b) => rank(a) - rank(b) || byName(a.name, b.name));
}

/** A table of jobs with a title line; one line each. */
export function jobLines(look: Look, jobs: readonly JobInfo[], paint: Paint, width: number): string[] {
  const rows = jobs.map((job) => [
    visible(job.name),
    stateOf(job, look, paint),
    nextOf(job, look.at, paint),
    lastRunOf(job, look.at, paint),
    planOf(job),
    job.runs.toLocaleString('en'),
    alarming(job.failures, paint.red),
    alarming(job.skips, paint.yellow),
  ]);
  return table(COLUMNS, rows, width, paint.dim);
}

function stateOf(job: JobInfo, { at, instances }: Look, paint: Paint): Cell {
  if (job.running) {
    const { since } = job.running;
    const long = since === null ? '' : ` ${span(Math.max(0, at - since))}`;
    return [`running${long} on ${runnerName(job.running, instances)}`, paint.cyan];
  }
  const demanded = job.demandedSince === null ? null : `demanded ${fromNow(job.demandedSince, at)}`;
  const paused = pausedText(job.paused, at);
  if (paused) return [demanded === null ? paused : `${demanded}, ${paused}`, paint.yellow];
  if (job.orphaned) return [demanded === null ? 'orphaned' : `orphaned, ${demanded}`, paint.red];
  if (demanded !== null && hasNobody(job)) return [`${demanded}, no instance hires it`, paint.red];
  if (demanded !== null) return [demanded, paint.yellow];
  if (job.fired) return ['fired', paint.dim];
  if (isFailing(job)) return ['failing', paint.red];
  return job.lastRun ? ['ok', paint.green] : ['new', paint.dim];
}

function nextOf({ nextSlot }: JobInfo, at: number, paint: Paint): Cell {
  if (nextSlot === null) return ['-', paint.dim];
  if (nextSlot < at - LATE) return [`${span(at - nextSlot)} late`, paint.red];
  return fromNow(nextSlot, at);
}

function lastRunOf({ lastRun }: JobInfo, at: number, paint: Paint): Cell {
  if (!lastRun) return ['-', paint.dim];
  const when = fromNow(lastRun.startedAt, at);
  if (lastRun.outcome === 'done') return `${when}, took ${span(lastRun.durationMs)}`;
  return [`${when}, ${outcomeOf(lastRun)}`, outcomeColour(lastRun, paint)];
}

/** `done`, `vetoed`, `died`, or `failed: ` or `abandoned: ` and the reason. */
export function outcomeOf({ outcome, error }: RunRecord): string {
  return error ? `${outcome}: ${visible(error)}` : outcome;
}

/** Green, red or yellow. */
export function outcomeColour({ outcome }: RunRecord, paint: Paint): (text: string) => string {
  const { done, failed, vetoed } = { done: paint.green, failed: paint.red, vetoed: paint.yellow };
  return { done, failed, abandoned: failed, died: failed, vetoed }[outcome];
}

function isFailing(job: JobInfo): boolean {
  return job.lastRun !== null && isFailure(job.lastRun);
}

function alarming(count: number, colour: (text: string) => string): Cell {
  return count > 0 ? [count.toLocaleString('en'), colour] : '0';
}
