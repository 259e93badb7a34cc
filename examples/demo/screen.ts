import pc from 'picocolors';

// Also false if NO_COLOR is set, or the terminal has no colours.
const colours = pc.createColors(process.stdout.isTTY === true && process.stdout.hasColors());

/** A colour, or a weight. */
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan';

/** The text in that style, if the terminal supports it. */
export function paint(style: Style, text: string): string {
  return colours[style](text);
}

/** Prints lines; on a terminal a status line stays below them. */
export class Screen {
  private status = '';

  line(text = ''): void {
    this.clear();
    process.stdout.write(`${text}\n`);
    this.draw();
  }

  /** Replaces the status line; `''` removes it. */
  setStatus(text: string): void {
    if (!process.stdout.isTTY) return;
    this.clear();
    this.status = text;
    this.draw();
  }

  private clear(): void {
    if (this.status === '') return;
    process.stdout.cursorTo(0);
    process.stdout.clearLine(1);
  }

  private draw(): void {
    if (this.status !== '') process.stdout.write(this.status);
  }
}

/** Aligns columns, each as wide as its widest cell: the first `left` columns to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[], left: number): string[] {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, at) =>
    Math.max(...rows.map((row) => (row[at] ?? '').length)),
  );
  const pad = (cell: string, at: number) =>
    at < left ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0);
  return rows.map((row) => row.map(pad).join('  ').trimEnd());
}

/** `12:00:02.250`, local time. */
export function clock(ms: number): string {
  const at = new Date(ms);
  const [time] = at.toTimeString().split(' ');
  return `${time}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

/** A percentile: the smallest value that this share of the values does not exceed; NaN without values. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? Number.NaN;
}

/** `0.9 ms`, `-` for NaN. */
export function millis(ms: number): string {
  return Number.isNaN(ms) ? '-' : `${ms.toFixed(1)} ms`;
}
