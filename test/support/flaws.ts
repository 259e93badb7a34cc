import type { Told } from './recorded-fleet';
import type { Stalls } from './stalls';

/** What should be empty. */
export const FLAWLESS = { doubled: [], lost: [], drifted: [] };

/**
 * What went wrong with the slots of an interval: those run twice, those between the first and the last run that neither
 * ran nor were told by a skip, and those off the grid of the first.
 */
export function flawsOf(told: Pick<Told<unknown>, 'start' | 'skip'>, job: string, everyMs: number) {
  const slots = slotsOf(told, job);
  const skipped = new Set<number>();
  for (const { job: skips, slot, through } of told.skip) {
    for (let at = slot; skips === job && at <= through; at += everyMs) skipped.add(at);
  }
  const started = new Set(slots);
  const first = Math.min(...slots);
  const last = Math.max(...slots);
  const lost: number[] = [];
  for (let at = first; at <= last; at += everyMs) if (!started.has(at) && !skipped.has(at)) lost.push(at);
  return {
    doubled: slots.filter((slot, index) => slots.indexOf(slot) !== index),
    lost,
    drifted: slots.filter((slot) => (slot - first) % everyMs !== 0),
  };
}

/** ms before a run in which it was decided that it is run. */
const DECIDED = 1500;

/**
 * As `flawsOf`, where Redis lost what it knew. Who alone knows that a slot was run has 300 ms to say so; a process that
 * stands still for that long has it run twice, which is no flaw.
 */
export function flawsAfterLoss(
  { told, stalls }: { told: Pick<Told<unknown>, 'start' | 'skip'>; stalls: Stalls },
  job: string,
  everyMs: number,
) {
  const flaws = flawsOf(told, job, everyMs);
  const doubled = flaws.doubled.filter((slot) => {
    const again = told.start.findLast((run) => run.job === job && run.slot === slot);
    return !again || !stalls.between(again.startedAt - DECIDED, again.startedAt);
  });
  return { ...flaws, doubled };
}

/** ms; half of all runs began no later than that. A machine that stalls now and then does not change it. */
export function medianLateness({ start }: Pick<Told<unknown>, 'start'>): number {
  const sorted = start.map(({ lateness }) => lateness).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Slots of the job that were started, in the order in which that was reported. */
export function slotsOf(told: Pick<Told<unknown>, 'start'>, job: string): number[] {
  return told.start.flatMap((run) => (run.job === job && run.slot !== null ? [run.slot] : []));
}
