import type { JobSummary } from '../web/api';
import { planWords } from './plan-words';
import { needsAttention, STATES, statesOf } from './state';

/** The ways to sort jobs, with their labels. */
export const ORDERS = {
  attention: 'attention',
  name: 'name',
  next: 'next slot',
  last: 'last run',
  duration: 'duration',
  failures: 'failures',
} as const;

export type Order = keyof typeof ORDERS;

/** Sorts `job 2` before `job 10`. */
const byName = new Intl.Collator('en', { numeric: true }).compare;

const URGENCY = Object.keys(STATES);

/** A sorted copy; jobs that are equal in this order are sorted by name. */
export function inOrder(jobs: readonly JobSummary[], order: Order): JobSummary[] {
  const keys = new Map(jobs.map((job) => [job, keyOf(job, order)]));
  return jobs.toSorted((a, b) => (keys.get(a) ?? 0) - (keys.get(b) ?? 0) || byName(a.name, b.name));
}

/** The lowest comes first. */
function keyOf(job: JobSummary, order: Order): number {
  switch (order) {
    case 'attention':
      return attentionKey(job);
    case 'next':
      return job.nextSlot ?? Number.MAX_VALUE;
    case 'last':
      return -(job.lastRun?.startedAt ?? 0);
    case 'duration':
      return -(job.lastRun?.durationMs ?? 0);
    case 'failures':
      return -job.failures;
    default:
      return 0;
  }
}

/** Jobs with urgent states first, then those that are running, demanded or paused, then the others. */
function attentionKey(job: JobSummary): number {
  const [first = 'ok'] = statesOf(job);
  if (needsAttention(job)) return URGENCY.indexOf(first);
  return first === 'running' || first === 'demanded' || first === 'paused' ? 50 : 100;
}

/** Whether a job's name, plan and note contain all words of a search. */
export function matches(job: JobSummary, search: string): boolean {
  const text = `${job.name} ${planWords(job)} ${job.plan ?? ''} ${job.paused?.note ?? ''}`.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
