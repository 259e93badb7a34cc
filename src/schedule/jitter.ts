import { createHash } from 'node:crypto';
import type { JitterOf } from './definition';
import type { Schedule } from './schedule';
import { phraseOf } from './words';

/**
 * The number of slots and the time in which a pattern's smallest gap is searched: they include both clock changes of a
 * year.
 */
const LOOK_AHEAD = { slots: 500, ms: 400 * 86_400_000 };

/**
 * The schedule with each slot delayed by a fixed offset. Clock changes apply to the base schedule, before the offset.
 */
export function jittered(base: Schedule, offsetMs: number): Schedule {
  if (offsetMs === 0) return base;
  return {
    plan: `${base.plan} +${offsetMs}`,
    everyMs: base.everyMs,
    next: (slotMs, afterMs) => base.next(slotMs - offsetMs, afterMs - offsetMs) + offsetMs,
    previous(slotMs, beforeMs) {
      const slot = base.previous(slotMs - offsetMs, beforeMs - offsetMs);
      return slot === null ? null : slot + offsetMs;
    },
  };
}

/**
 * The offset of a job's slots: at least 0 and less than the bound, the same in every process, and evenly distributed over
 * names.
 *
 * @throws RangeError for a bound that reaches the next slot, because runs could change their order
 */
export function offsetOf(base: Schedule, boundMs: number, { prefix, name }: JitterOf): number {
  const gap = smallestGap(base);
  if (boundMs >= gap) {
    throw new RangeError(
      `jitter: ${boundMs} ms is not less than the ${phraseOf(gap)} between two slots of '${base.plan}'`,
    );
  }
  const digest = createHash('sha256').update(`${prefix}\0${name}`).digest();
  return Math.floor((digest.readUIntBE(0, 6) / 2 ** 48) * boundMs);
}

/** Cached, because thousands of jobs may share a pattern and croner is slow. */
const gaps = new WeakMap<Schedule, number>();

function smallestGap(schedule: Schedule): number {
  if (schedule.everyMs !== null) return schedule.everyMs;
  const known = gaps.get(schedule);
  if (known !== undefined) return known;
  let smallest = Number.POSITIVE_INFINITY;
  let slot = schedule.next(0, Date.now());
  const end = slot + LOOK_AHEAD.ms;
  for (let count = 0; count < 2 || (count < LOOK_AHEAD.slots && slot < end); count += 1) {
    const next = schedule.next(slot, slot);
    smallest = Math.min(smallest, next - slot);
    slot = next;
  }
  gaps.set(schedule, smallest);
  return smallest;
}
