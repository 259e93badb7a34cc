import { writeFileSync } from 'node:fs';
import { check, type Verdict } from './checker';
import type { History } from './history';
import { JOBS } from './jobs';
import { keep } from './keep';
import { type Summary, summarize } from './report';
import { raiseStorm, type StormOptions } from './storm';

/** On two cores, more storms at a time would slow each other down. */
const AT_A_TIME = 2;

interface Outcome {
  seed: number;
  summary: Summary;
  verdict: Verdict;
}

/**
 * Raises storms with consecutive seeds, and makes a table of them.
 *
 * @param file where the table is written, after each storm; null: it is logged at the end
 * @returns the number of violations
 */
export async function raiseStorms(
  first: StormOptions,
  count: number,
  file: string | null,
  log: (line: string) => void,
): Promise<number> {
  const seeds = Array.from({ length: count }, (_, n) => first.seed + n);
  const waiting = [...seeds];
  const outcomes: Outcome[] = [];
  const raiseInTurn = async () => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      const history = await raiseStorm({ ...first, seed });
      const verdict = check(history);
      outcomes.push({ seed, summary: summarize(history), verdict });
      outcomes.sort((a, b) => a.seed - b.seed);
      if (file !== null) writeFileSync(file, page(first, outcomes));
      log(`seed ${seed}: ${told(verdict)}${kept(history, seed, verdict)}`);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, raiseInTurn));
  if (file === null) log(`\n${page(first, outcomes)}`);
  return outcomes.reduce((sum, { verdict }) => sum + verdict.violations.length, 0);
}

function kept(history: History, seed: number, { violations }: Verdict): string {
  return violations.length === 0 ? '' : `; history in ${keep(history, seed)}`;
}

function told({ violations }: Verdict): string {
  if (violations.length === 0) return 'holds';
  const counts = new Map<string, number>();
  for (const { rule } of violations) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  return [...counts].map(([rule, count]) => `${count} × ${rule}`).join(', ');
}

function page({ seconds, members }: StormOptions, outcomes: Outcome[]): string {
  const sum = (of: (outcome: Outcome) => number) =>
    outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const faults = ({ summary }: Outcome) =>
    [...summary.faults].reduce((total, [kind, count]) => total + (kind === 'demand' ? 0 : count), 0);
  const row = (...cells: (string | number)[]) => `| ${cells.join(' | ')} |`;
  const rows = outcomes.map((outcome) => {
    const { seed, summary, verdict } = outcome;
    const { runs, skips, demands, slots, demanded } = summary;
    return row(
      seed,
      faults(outcome),
      runs,
      skips,
      demands,
      `${slots.p50} / ${slots.p99}`,
      `${demanded.p50} / ${demanded.p99}`,
      told(verdict),
    );
  });
  const excused = new Map<string, number>();
  for (const { verdict } of outcomes) {
    for (const [reason, count] of verdict.excused) excused.set(reason, (excused.get(reason) ?? 0) + count);
  }
  const kinds = new Map<string, number>();
  for (const { summary } of outcomes) {
    for (const [kind, count] of summary.faults) kinds.set(kind, (kinds.get(kind) ?? 0) + count);
  }
  return `# ${outcomes.length} storms of ${seconds} s

Made by \`npm run chaos -- --storms ${outcomes.length} --seed ${outcomes[0]?.seed} --seconds ${seconds} --members ${members}\`: ${members} processes,
${Object.keys(JOBS).length} jobs, and faults at times that the seed decides; [rules](rules) describes what is judged. Lateness in ms, p50 / p99, from the
slot or the demand to the start of the run, outages included.

${row('seed', 'faults', 'runs', 'skips', 'demands', 'slots late', 'demands late', 'verdict')}
${row('--:', '--:', '--:', '--:', '--:', '--:', '--:', '---')}
${rows.join('\n')}
${row(
  '**all**',
  sum(faults),
  sum(({ summary }) => summary.runs),
  sum(({ summary }) => summary.skips),
  sum(({ summary }) => summary.demands),
  '',
  '',
  `${outcomes.filter(({ verdict }) => verdict.violations.length === 0).length} of ${outcomes.length} hold`,
)}

## What was done

${row('fault', 'times')}
${row('---', '--:')}
${[...kinds]
  .sort(([a], [b]) => a.localeCompare(b))
  .map(([kind, count]) => row(kind, count))
  .join('\n')}

## What was accepted

Each for a reason that its rule names; see [rules](rules).

${row('reason', 'times')}
${row('---', '--:')}
${[...excused].map(([reason, count]) => row(reason, count)).join('\n')}
`;
}
