import type { Measure } from './measure';
import { figure, nameOf } from './report';
import type { Result } from './results';
import type { SummaryRow } from './stats';

const WIDTH = 760;
const LABELS = 90;
const FIGURES = 110;
const BAR = 16;
const GAP = 4;
const COLOURS: Record<string, string> = {
  bossman: '#0969da',
  original: '#bc4c00',
  bullmq: '#8250df',
  agenda: '#1a7f37',
  croner: '#57606a',
  floor: '#8c959f',
};

/** A bar up to the median, and a line from there to p99. Each case and quantity is a group with its own scale. */
export function plotOf(
  measure: Pick<Measure, 'title' | 'logarithmic'>,
  { rows }: Pick<Result, 'rows'>,
): string {
  const parts: string[] = [];
  let y = 34;
  parts.push(text(10, 20, measure.title, 'font-weight="bold" font-size="14"'));
  for (const group of groupsOf(rows)) {
    const [first] = group;
    if (!first) continue;
    const caption = `${first.case}: ${nameOf(first)} (${first.better} is better)`;
    parts.push(text(10, y + 12, caption, 'fill="#57606a"'));
    y += 20;
    const scale = scaleOf(group, measure.logarithmic ?? false);
    for (const row of group) {
      parts.push(...barOf(row, y, scale));
      y += BAR + GAP;
    }
    y += 12;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" font-family="sans-serif" font-size="12"><title>${escaped(measure.title)}</title>
<rect width="${WIDTH}" height="${y}" fill="white"/>
${parts.join('\n')}
</svg>
`;
}

function groupsOf(rows: readonly SummaryRow[]): SummaryRow[][] {
  const groups = new Map<string, SummaryRow[]>();
  for (const row of rows) {
    const key = `${row.case}\n${row.quantity}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()];
}

/** Returns the length of the bar for a value. */
function scaleOf(group: readonly SummaryRow[], logarithmic: boolean): (value: number) => number {
  const room = WIDTH - LABELS - FIGURES - 20;
  const values = group.flatMap(({ p50, p99 }) => [p50, p99]).filter((value) => value > 0);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (values.length === 0) return () => 0;
  // Bars begin at a tenth of the lowest value.
  if (logarithmic && high / low > 20) {
    return (value) => (value <= 0 ? 0 : (room * Math.log((10 * value) / low)) / Math.log((10 * high) / low));
  }
  return (value) => (value <= 0 ? 0 : (room * value) / high);
}

function barOf(row: SummaryRow, y: number, scale: (value: number) => number): string[] {
  const colour = COLOURS[row.peer] ?? '#57606a';
  const [to, worst] = [scale(row.p50), scale(row.p99)];
  const middle = y + BAR / 2;
  const [from, end] = [LABELS + Math.min(to, worst), LABELS + Math.max(to, worst)];
  const range = row.count > 1 ? ` (p99 ${figure(row.p99)})` : '';
  return [
    text(LABELS - 6, y + 12, row.peer, 'text-anchor="end"'),
    `<rect x="${LABELS}" y="${y}" width="${Math.max(1, to).toFixed(1)}" height="${BAR}" fill="${colour}"/>`,
    `<line x1="${from.toFixed(1)}" x2="${end.toFixed(1)}" y1="${middle}" y2="${middle}" stroke="#24292f"/>`,
    text(end + 6, y + 12, `${figure(row.p50)}${range}`),
  ];
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
