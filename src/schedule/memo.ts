/**
 * The number of cached gaps: claims, and the checks of bells, which look a second ahead, alternate between a few adjacent gaps.
 */
const KEPT = 4;

/** No slot lies strictly between the two times. */
interface Gap {
  from: number;
  to: number;
}

/**
 * Caches the last slots of one schedule. Every time between two slots gives the same answer, so each slot is computed
 * once for the thousands of jobs that share a schedule. All times are whole ms.
 */
export class SlotMemo {
  /** `to` is a slot, and there is none between `from` and `to`. */
  private readonly before: Gap[] = [];
  /** `from` is a slot, and there is none after it up to and including `to`. */
  private readonly behind: Gap[] = [];

  /** The first slot after `after`. */
  next(after: number, compute: (after: number) => number): number {
    for (const { from, to } of this.before) if (from <= after && after < to) return to;
    const to = compute(after);
    keep(this.before, { from: after, to }, (gap) => gap.to === to);
    return to;
  }

  /** The last slot at or before `before`; null if there is none, which is not cached. */
  previous(before: number, compute: (before: number) => number | null): number | null {
    for (const { from, to } of this.behind) if (from <= before && before <= to) return from;
    const from = compute(before);
    if (from !== null) keep(this.behind, { from, to: before }, (gap) => gap.from === from);
    return from;
  }
}

/** Replaces the gap that this one extends, or else the oldest. */
function keep(gaps: Gap[], gap: Gap, isExtended: (other: Gap) => boolean): void {
  const extended = gaps.findIndex(isExtended);
  if (extended >= 0) gaps.splice(extended, 1);
  gaps.unshift(gap);
  if (gaps.length > KEPT) gaps.pop();
}
