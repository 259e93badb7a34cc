import { nameOf } from './event-log';
import { INVOICE } from './jobs';
import type { Scenario } from './scenario';
import { millis, paint, percentile, type Screen, table } from './screen';
import type { Result } from './tally';

const HEAD = ['job', 'plan', 'due', 'runs', 'doubled', 'lost', 'skipped', 'late p50', 'late p99', 'took p50'];

/**
 * Prints the outcome of every slot.
 * @returns whether there was no fault
 */
export function tellVerdict(screen: Screen, { members, tallies }: Scenario): boolean {
  const killed = new Set(members.filter(({ state }) => state === 'killed').map(({ name }) => name));
  const all = [...tallies.values()];
  const callers = new Set(all.flatMap((tally) => tally.callersOf(killed)));
  const results = all.map((tally) => tally.result(callers));

  const [head = '', ...rows] = table([HEAD, ...results.map(rowOf), totalOf(results)], 2);
  screen.line();
  screen.line(paint('dim', head));
  for (const row of rows.slice(0, -1)) screen.line(row);
  screen.line(paint('bold', rows.at(-1) ?? ''));
  screen.line();

  const runs = members.map(({ name }) => `${nameOf(name)} ${sum(all, (tally) => tally.runsOf(name))}`);
  screen.line(`Runs by process: ${runs.join('  ')}`);
  for (const note of notesOn(results)) screen.line(note);

  const troubles = members.flatMap(({ name, trouble }) => (trouble ? [`process ${name} ${trouble}`] : []));
  const problems = [...results.flatMap((result) => result.problems), ...troubles];
  for (const problem of problems) screen.line(paint('red', `NOT GOOD  ${problem}`));
  if (problems.length === 0) {
    screen.line(paint('green', 'Nothing doubled, nothing lost. Bossman keeps the place running.'));
  }
  return problems.length === 0;
}

function notesOn(results: Result[]): string[] {
  const notes: string[] = [];
  const told = sum(results, ({ skipped }) => skipped);
  if (told > 0) notes.push(`${told} of the slots skipped: an event reported why.`);
  const orphans = sum(results, ({ killed }) => killed);
  if (orphans > 0) notes.push(`${orphans} of the slots skipped: claimed by a process that was killed.`);
  notes.push(`${INVOICE}: waiting demands share one run, and a demand made during a run waits for its end.`);
  return notes;
}

function rowOf(result: Result): string[] {
  const { job, plan, due, runs, doubled, lost, skipped, killed, lateness, took } = result;
  const counts = [due, runs, doubled, lost, skipped + killed].map(String);
  const times = [percentile(lateness, 50), percentile(lateness, 99), percentile(took, 50)].map(millis);
  return [job, plan, ...counts, ...times];
}

function totalOf(results: Result[]): string[] {
  const total = (key: 'due' | 'runs' | 'doubled' | 'lost' | 'skipped' | 'killed') =>
    sum(results, (result) => result[key]);
  const lateness = results.flatMap((result) => result.lateness);
  const counts = [
    total('due'),
    total('runs'),
    total('doubled'),
    total('lost'),
    total('skipped') + total('killed'),
  ];
  const times = [percentile(lateness, 50), percentile(lateness, 99)].map(millis);
  return ['total', '', ...counts.map(String), ...times];
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
