import type { Schedule } from '../schedule/schedule';
import type { RunSettings } from '../settings';

/** ms; a slot later than this counts as missed. */
export const MISSED_AFTER = 1000;

/** How late a slot may still run, in ms; null: no limit. */
export function latestMs(misfire: RunSettings['misfire']): number | null {
  if (misfire === 'run') return null;
  return misfire === 'skip' ? MISSED_AFTER : Math.max(MISSED_AFTER, misfire);
}

/**
 * The slot to claim. With `misfire: { within }`, this is the first slot that is not too late; the slot itself if all are too
 * late.
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
