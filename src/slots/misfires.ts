import type { Schedule } from '../schedule/schedule';
import type { RunSettings } from '../settings';

/** ms; a slot later than this counts as missed. */
export const MISSED_AFTER = 1000;

/** How late a slot may be and still run, in ms; null: however late. */
export function latestMs(misfire: RunSettings['misfire']): number | null {
  if (misfire === 'run') return null;
  return misfire === 'skip' ? MISSED_AFTER : Math.max(MISSED_AFTER, misfire);
}

/**
 * The slot to claim: with a window of time for missed slots, the first one inside it, as those before it are too late to
 * run. The slot itself if there is none inside.
 */
export function slotWithin(
  misfire: RunSettings['misfire'],
  schedule: Schedule,
  slot: number,
  now: number,
): number {
  if (typeof misfire !== 'number') return slot;
  const tooLate = now - Math.max(MISSED_AFTER, misfire);
  if (slot >= tooLate) return slot;
  const first = schedule.next(slot, tooLate);
  return first <= now ? first : slot;
}
