import { median, percentile, type Row } from './stats';

/** A goal of a measure, judged on ratios within one run. */
export interface Goal {
  text: string;
  value: number;
  /** `value` must be at most, or at least, this. */
  limit: number;
  kind: 'at most' | 'at least';
}

export interface Verdict extends Goal {
  /** Null if the value to compare with was not measured. */
  met: boolean | null;
}

export function judge(goal: Goal): Verdict {
  if (Number.isNaN(goal.value) || Number.isNaN(goal.limit)) return { ...goal, met: null };
  const met = goal.kind === 'at most' ? goal.value <= goal.limit : goal.value >= goal.limit;
  return { ...goal, met };
}

export function atMost(text: string, value: number, limit: number): Goal {
  return { text, value, limit, kind: 'at most' };
}

export function atLeast(text: string, value: number, limit: number): Goal {
  return { text, value, limit, kind: 'at least' };
}

/** Looks up the rows of one measure for its goals. NaN for what was not measured. */
export class Rows {
  constructor(private readonly rows: readonly Row[]) {}

  values(peer: string, quantity: string, inCase: string): number[] {
    return (
      this.rows.find((row) => row.peer === peer && row.quantity === quantity && row.case === inCase)
        ?.values ?? []
    );
  }

  p50(peer: string, quantity: string, inCase: string): number {
    return median(this.values(peer, quantity, inCase));
  }

  p99(peer: string, quantity: string, inCase: string): number {
    return percentile(this.values(peer, quantity, inCase), 0.99);
  }

  max(peer: string, quantity: string, inCase: string): number {
    const values = this.values(peer, quantity, inCase);
    return values.length > 0 ? Math.max(...values) : Number.NaN;
  }

  cases(peer: string, quantity: string): string[] {
    return this.rows.filter((row) => row.peer === peer && row.quantity === quantity).map((row) => row.case);
  }
}
