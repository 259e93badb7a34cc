/** Gaps that are kept: claims, and bells that are a second ahead of them, ask about a few neighbouring ones in turn. */
const KEPT = 4;

/** No slot lies strictly between the two times. */
interface Gap {
  from: number;
  to: number;
}

/**
 * Remembers the last slots of one schedule. Whatever is asked about a time between two slots has the same answer, so the
 * thousands of jobs that follow one schedule have each slot computed once. All times are whole ms.
 */
export class SlotMemo {
  /** `to` is a slot; there is none after `from` and before it. */
  private readonly before: Gap[] = [];
  /** `from` is a slot; there is none after it up to `to`, inclusive. */
  private readonly behind: Gap[] = [];

  /** The first slot after `after`. */
  next(after: number, compute: (after: number) => number): number {
    for (const { from, to } of this.before) if (from <= after && after < to) return to;
    const to = compute(after);
    keep(this.before, { from: after, to }, (gap) => gap.to === to);
    return to;
  }

  /** The last slot at or before `before`; null when there is none, which is not remembered. */
  previous(before: number, compute: (before: number) => number | null): number | null {
    for (const { from, to } of this.behind) if (from <= before && before <= to) return from;
    const from = compute(before);
    if (from !== null) keep(this.behind, { from, to: before }, (gap) => gap.from === from);
    return from;
  }
}

/** Puts a gap in place of the one that it extends, or of the oldest. */
function keep(gaps: Gap[], gap: Gap, isExtended: (other: Gap) => boolean): void {
  const extended = gaps.findIndex(isExtended);
  if (extended >= 0) gaps.splice(extended, 1);
  gaps.unshift(gap);
  if (gaps.length > KEPT) gaps.pop();
}
