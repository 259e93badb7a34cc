import type { Verdict } from './goals';
import type { Measure } from './measure';
import { RIVALS } from './names';
import type { Result } from './results';
import { best, type SummaryRow } from './stats';

/** The text of RESULTS.md. */
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
round. Percentiles are over all rounds; p90 and p99 are on the worse side. **Ratios can be compared between machines,
absolute times cannot.** The ratio is to the median of the best of ${RIVALS.join(', ')}. \`original\` is bossbat; \`floor\`
is not a scheduler, but the least time that one could take; croner keeps its plans in the process.

## Goals

${verdicts.length > 0 ? goalsTable(verdicts) : 'No full run on a quiet machine has been recorded yet.'}

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

/** A number with three significant digits. */
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
  // There is no ratio to 0, nor of a drift that may have either sign.
  return peer === null || peer <= 0 || row.p50 < 0 ? '' : figure(row.p50 / peer);
}

function conditions({ date, cpu, cores, node, redis, versions, quick }: Result): string {
  const peers = Object.entries(versions)
    .filter(([, version]) => version !== '')
    .map(([peer, version]) => (peer === 'bossman' ? `bossman ${version}` : version));
  return `${date}, ${cpu} with ${cores} cores, Node ${node}, redis-server ${redis}; ${peers.join(', ')}${quick ? '; quick' : ''}.`;
}

/** @param textColumns how many of the first columns are aligned left; figures are aligned right */
function table(head: string[], lines: string[][], textColumns: number): string {
  const rule = head.map((_, index) => (index < textColumns ? '---' : '---:'));
  return [head, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
