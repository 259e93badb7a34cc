import type { Verdict } from './goals';
import type { Measure } from './measure';
import { RIVALS } from './names';
import type { Result } from './results';
import { best, type SummaryRow } from './stats';

/** All of RESULTS.md. */
export function reportOf(results: { measure: Measure; result: Result }[], tried: string): string {
  const sections = results.map(
    ({ measure, result }) => `## ${measure.title}

${measure.how}

_${conditions(result)}_

${resultTable(result)}

![${measure.title}](plots/${measure.name}.svg)`,
  );
  const verdicts = results.flatMap(({ result }) => result.verdicts);
  return `# Results

Written by \`npm run bench\`: all peers on one machine against one private redis-server on loopback, interleaved round by
round. Percentiles are over all rounds, p90 and p99 towards the worse side. **Ratios, not absolute times, are what carries
over to other machines.** The ratio is to the median of the best of ${RIVALS.join(', ')}; \`original\` is bossbat,
\`floor\` is no scheduler but what one cannot be faster than, and croner keeps its plans in the process.

## Goals

${verdicts.length > 0 ? goalsTable(verdicts) : 'No full run on a quiet machine has been noted yet.'}

${sections.join('\n\n')}

${tried.trim()}
`;
}

export function resultTable({ rows }: Pick<Result, 'rows'>): string {
  const lines = rows.map((row) => {
    const figures = row.count > 1 ? [row.p50, row.p90, row.p99].map(figure) : [figure(row.p50), '', ''];
    return [row.case, nameOf(row), row.peer, ...figures, String(row.count), ratioOf(rows, row)];
  });
  return table(['case', 'quantity', 'peer', 'p50', 'p90', 'p99', 'n', '× best peer'], lines, 3);
}

export function goalsTable(verdicts: readonly Verdict[]): string {
  const lines = verdicts.map(({ text, kind, limit, value, met }) => [
    text,
    `${kind === 'at most' ? '≤' : '≥'} ${figure(limit)}`,
    met === null ? '' : figure(value),
    met === null ? 'not measured' : met ? 'met' : '**missed**',
  ]);
  return table(['goal', 'limit', 'value', ''], lines, 1);
}

/** Three digits that count. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(size < 0.01 ? 1 : size < 1 ? 2 : 3)));
}

export function nameOf({ quantity, unit }: Pick<SummaryRow, 'quantity' | 'unit'>): string {
  return unit === '' ? quantity : `${quantity}, ${unit}`;
}

function ratioOf(rows: readonly SummaryRow[], row: SummaryRow): string {
  const peer = best(rows, row, RIVALS);
  // Of nothing, and of a drift to either side, there is no ratio.
  return peer === null || peer <= 0 || row.p50 < 0 ? '' : figure(row.p50 / peer);
}

function conditions({ date, cpu, cores, node, redis, versions, quick }: Result): string {
  const peers = Object.entries(versions)
    .filter(([, version]) => version !== '')
    .map(([peer, version]) => (peer === 'bossman' ? `bossman ${version}` : version));
  return `${date}, ${cpu} with ${cores} cores, Node ${node}, redis-server ${redis}; ${peers.join(', ')}${quick ? '; quick' : ''}.`;
}

/** @param textColumns the first columns, aligned left; figures stand to the right */
function table(head: string[], lines: string[][], textColumns: number): string {
  const rule = head.map((_, index) => (index < textColumns ? '---' : '---:'));
  return [head, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
