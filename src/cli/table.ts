import { cut, widthOf } from './text';

/** A text, and the function that colours it after padding. */
export type Cell = string | readonly [text: string, paint: (text: string) => string];

/** A column, and how it may be laid out. */
export interface Column {
  title: string;
  /** Aligned right, for numbers. */
  right?: boolean;
  /** May be cut to this width if the screen is too narrow. */
  shrinksTo?: number;
}

const GAP = '  ';

/** If nothing is cut, a longer text overflows its column, so that it does not widen every row. */
const WIDEST_UNCUT = 40;

/**
 * Formats rows as lines, titles first. Implemented here because it is short: table libraries are slow (cli-table3 takes 11 s
 * for 10,000 rows), or include a JSON schema validator.
 *
 * @param width of the screen; Infinity: cut nothing
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number,
  paintTitle: (text: string) => string,
): string[] {
  const all = [columns.map(({ title }): Cell => [title, paintTitle]), ...rows];
  const natural = columns.map((_, at) => widest(all, at));
  const cuts = width !== Number.POSITIVE_INFINITY;
  const widths = cuts ? widthsWithin(columns, natural, width) : uncutWidths(columns, natural);
  return all.map((row) => line(columns, widths, cuts, row));
}

function line(
  columns: readonly Column[],
  widths: readonly number[],
  cuts: boolean,
  row: readonly Cell[],
): string {
  const cells = columns.map(({ right }, at) => {
    const [text, paint] = partsOf(row[at]);
    const width = widths[at] ?? 0;
    const shown = cuts ? cut(text, width) : text;
    const padding = ' '.repeat(Math.max(0, width - widthOf(shown)));
    const painted = shown === '' ? '' : paint(shown);
    if (right) return padding + painted;
    return at === columns.length - 1 ? painted : painted + padding;
  });
  return cells.join(GAP).trimEnd();
}

function widest(rows: readonly (readonly Cell[])[], at: number): number {
  return rows.reduce((most, row) => Math.max(most, widthOf(partsOf(row[at])[0])), 0);
}

function uncutWidths(columns: readonly Column[], natural: readonly number[]): number[] {
  return natural.map((width, at) =>
    columns[at]?.shrinksTo === undefined ? width : Math.min(width, WIDEST_UNCUT),
  );
}

/** Shrinks the widest columns that may shrink until all fit, or none can shrink further. */
function widthsWithin(columns: readonly Column[], natural: readonly number[], width: number): number[] {
  const widths = [...natural];
  const spare = (at: number) =>
    Math.max(0, (widths[at] ?? 0) - (columns[at]?.shrinksTo ?? Number.POSITIVE_INFINITY));
  let over = widths.reduce((sum, one) => sum + one, GAP.length * (columns.length - 1)) - width;
  for (; over > 0; over -= 1) {
    let at = -1;
    for (const [other, one] of widths.entries()) {
      if (spare(other) > 0 && one > (widths[at] ?? 0)) at = other;
    }
    if (at < 0) break;
    widths[at] = (widths[at] ?? 0) - 1;
  }
  return widths;
}

function partsOf(cell: Cell | undefined): readonly [text: string, paint: (text: string) => string] {
  if (cell === undefined) return ['', plain];
  return typeof cell === 'string' ? [cell, plain] : cell;
}

function plain(text: string): string {
  return text;
}
