import type { RunRecord } from '../info';
import type { JobSummary } from '../web/api';
import { fromNow, minute, place, roughly, span } from './format';
import { serverNow } from './hooks';

/** ms after which an unclaimed slot is overdue. No event announces this, because nothing happens at that time. */
const OVERDUE_MS = 5000;

/** What a job is doing, in one word; the filters of the jobs page. */
export type State =
  | JobSummary['attention'][number]
  | 'running'
  | 'demanded'
  | 'paused'
  | 'fired'
  | 'new'
  | 'ok';

/** How a state is shown: a colour, and a sign that means the same without colours. */
export type Tone = 'bad' | 'warn' | 'run' | 'off' | 'good';

/** The states, the most urgent first: a job with several states shows the first of them. */
export const STATES: Readonly<Record<State, { sign: string; tone: Tone }>> = {
  failing: { sign: '▲', tone: 'bad' },
  died: { sign: '✖', tone: 'bad' },
  overdue: { sign: '◷', tone: 'bad' },
  orphaned: { sign: '◆', tone: 'warn' },
  unclaimed: { sign: '◈', tone: 'warn' },
  running: { sign: '●', tone: 'run' },
  demanded: { sign: '►', tone: 'run' },
  paused: { sign: '‖', tone: 'off' },
  fired: { sign: '○', tone: 'off' },
  new: { sign: '·', tone: 'off' },
  ok: { sign: '✓', tone: 'good' },
};

/** All states of a job. If it is paused, that comes first, because somebody is dealing with it; else the most urgent state. */
export function statesOf(job: JobSummary): State[] {
  const { attention, paused, running, demandedSince, fired } = job;
  const isOverdue = attention.includes('overdue') || (lateBy(job) ?? 0) > OVERDUE_MS;
  const states: State[] = [
    ...(paused ? (['paused'] as const) : []),
    ...attention.filter((each) => each !== 'overdue'),
    ...(isOverdue && !paused ? (['overdue'] as const) : []),
    ...(running ? (['running'] as const) : []),
    ...(demandedSince !== null && !running && !attention.includes('unclaimed')
      ? (['demanded'] as const)
      : []),
    ...(fired ? (['fired'] as const) : []),
  ];
  if (states.length > 0) return states;
  return [job.lastRun ? 'ok' : 'new'];
}

/** Whether the job needs attention. */
export function needsAttention(job: JobSummary): boolean {
  const [first = 'ok'] = statesOf(job);
  return STATES[first].tone === 'bad' || STATES[first].tone === 'warn';
}

/** ms since an unclaimed slot passed; null if there is none. */
function lateBy({ overdue, nextSlot, paused, fired }: JobSummary): number | null {
  if (nextSlot === null || paused || fired) return overdue;
  return Math.max(0, serverNow() - nextSlot) || overdue;
}

/** The state in a few words: `failing, 3 in a row`, `running 46 s`, `paused until 14:00`. */
export function stateText(job: JobSummary, state: State, now: number): string {
  switch (state) {
    case 'failing':
      return job.failuresInARow > 1 ? `failing, ${job.failuresInARow} in a row` : 'failing';
    case 'died':
      return job.failuresInARow > 1
        ? `last run died, ${job.failuresInARow} failures in a row`
        : 'last run died';
    case 'overdue':
      return `overdue by ${roughly(lateBy(job) ?? 0)}`;
    case 'unclaimed':
      return `demanded ${fromNow(job.demandedSince ?? now, now, roughly)}, no instance hires it`;
    case 'running':
      return job.running?.since ? `running ${roughly(Math.max(0, now - job.running.since))}` : 'running';
    case 'demanded':
      return job.demandedSince === null ? 'demanded' : `demanded ${fromNow(job.demandedSince, now, roughly)}`;
    case 'paused':
      if (!job.paused || job.paused.until === null) return 'paused until resumed';
      return `paused until ${minute(job.paused.until, now)}`;
    default:
      return state;
  }
}

/** A run's outcome and place, for titles: `failed after 412 ms on web-1:24348`. */
export function runText(run: Pick<RunRecord, 'outcome' | 'durationMs' | 'by' | 'host' | 'pid'>): string {
  return run.outcome === 'died'
    ? `died on ${place(run)}`
    : `${run.outcome} after ${span(run.durationMs)} on ${place(run)}`;
}

/** How a run ended. */
export type Outcome = RunRecord['outcome'];

/** Each outcome's colour, its sign in lists, and its word. */
export const OUTCOMES: Readonly<Record<Outcome, { sign: string; tone: Tone }>> = {
  done: { sign: '✓', tone: 'good' },
  failed: { sign: '▲', tone: 'bad' },
  died: { sign: '✖', tone: 'bad' },
  abandoned: { sign: '◇', tone: 'warn' },
  vetoed: { sign: '⊘', tone: 'off' },
};

/** Whether a run did not succeed. */
export function isFailure(outcome: Outcome): boolean {
  return outcome === 'failed' || outcome === 'died' || outcome === 'abandoned';
}
