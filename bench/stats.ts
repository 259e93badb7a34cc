/** The measured values of one peer in one case. */
export interface Row {
  /** Such as `200 ms`. Case, peer and quantity together are unique within a measure. */
  case: string;
  /** What was measured, such as `lateness`. */
  quantity: string;
  unit: string;
  peer: string;
  values: number[];
  better: 'lower' | 'higher';
}

export interface Summary {
  p50: number;
  /** 9 of 10 values are better than this: above it if higher is better, else below it. */
  p90: number;
  p99: number;
  count: number;
}

/** The smallest value that a share of at least `part` of all values does not exceed; NaN without values. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function summarize({ values, better }: Pick<Row, 'values' | 'better'>): Summary {
  const worse = better === 'lower' ? values : values.map((value) => -value);
  const sign = better === 'lower' ? 1 : -1;
  return {
    p50: median(values),
    p90: sign * percentile(worse, 0.9),
    p99: sign * percentile(worse, 0.99),
    count: values.length,
  };
}

/** A row as it is stored and shown, with a summary instead of the values. */
export type SummaryRow = Omit<Row, 'values'> & Summary;

export function summaryRow({ values, ...row }: Row): SummaryRow {
  return { ...row, ...summarize({ values, better: row.better }) };
}

/** The median of the best of the `rivals` in the same case and quantity; null if none was measured. */
export function best(rows: readonly SummaryRow[], row: SummaryRow, rivals: readonly string[]): number | null {
  const medians = rows
    .filter((other) => other.case === row.case && other.quantity === row.quantity)
    .filter((other) => rivals.includes(other.peer) && other.count > 0)
    .map((other) => other.p50);
  if (medians.length === 0) return null;
  return row.better === 'lower' ? Math.min(...medians) : Math.max(...medians);
}
