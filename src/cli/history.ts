import type { ErrorDetails, RunRecord } from '../info';
import { visible } from '../telling/visible';
import { Failure } from './failure';
import { outcomeColour, outcomeOf } from './jobs';
import { runnerName } from './names';
import type { Paint } from './output';
import { jobOf, look, type Session } from './session';
import { type Cell, type Column, table } from './table';
import { counted, cut, quoted } from './text';
import { fromNow, localTime, span } from './time';

const COLUMNS: Column[] = [
  { title: 'STARTED' },
  { title: '' },
  { title: 'FOR' },
  { title: 'LATE', right: true },
  { title: 'TOOK', right: true },
  { title: 'OUTCOME', shrinksTo: 12 },
  { title: 'BY', shrinksTo: 12 },
];

/** Columns of an error in the table; `--run` shows all of it. */
const WIDEST_OUTCOME = 200;

/** The last runs of one job, the latest first. */
export async function history(session: Session, name: string, last: number): Promise<number> {
  const { inspector, output } = session;
  const [seen, runs] = await Promise.all([look(inspector), inspector.history(name, { last })]);
  // A job without data may still have a history.
  if (runs.length === 0) jobOf(seen.jobs, name);
  output.say({ at: seen.at, job: name, runs }, () => {
    const { paint } = output;
    if (runs.length === 0) return [`there is no record of a run of ${quoted(name)}`];
    const rows = runs.map((run): Cell[] => [
      localTime(run.startedAt),
      [fromNow(run.startedAt, seen.at), paint.dim],
      reasonOf(run),
      span(Math.max(0, run.lateness)),
      span(run.durationMs),
      [cut(outcomeOf(run), WIDEST_OUTCOME), outcomeColour(run, paint)],
      runnerName(run, seen.instances),
    ]);
    return table(COLUMNS, rows, output.width, paint.dim);
  });
  return 0;
}

/**
 * One run in full, with its error's stack and causes.
 *
 * @param number as `history` shows them: 1 is the latest
 * @throws Failure if there are fewer runs
 */
export async function historyOfRun(session: Session, name: string, number: number): Promise<number> {
  const { inspector, output } = session;
  const [seen, runs] = await Promise.all([look(inspector), inspector.history(name, { last: number })]);
  if (runs.length === 0) jobOf(seen.jobs, name);
  const run = runs[number - 1];
  if (!run) {
    const known = counted(runs.length, 'run');
    throw new Failure(`there is no run ${number} of ${quoted(name)}; recorded: ${known}`, 2);
  }
  output.say({ at: seen.at, job: name, run }, () => {
    const { paint } = output;
    const { slot, demandedAt, startedAt } = run;
    const moment = slot ?? demandedAt;
    const fields: [title: string, value: string][] = [
      ['STARTED', `${localTime(startedAt)}, ${fromNow(startedAt, seen.at)}`],
      ['FOR', moment === null ? reasonOf(run) : `${reasonOf(run)} of ${localTime(moment)}`],
      ['LATE', span(Math.max(0, run.lateness))],
      ['TOOK', run.outcome === 'died' ? 'unknown: its process ended during the run' : span(run.durationMs)],
      ['OUTCOME', outcomeColour(run, paint)(run.outcome)],
      ['BY', `${runnerName(run, seen.instances)}, instance ${visible(run.by)}`],
    ];
    const head = fields.map(([title, value]) => `${paint.dim(title.padEnd(8))} ${value}`);
    const { details, error } = run;
    if (details) return [...head, '', ...errorLines(details, '', '', paint)];
    return error === null ? head : [...head, '', visible(error)];
  });
  return 0;
}

/** Formats an error like Node: its stack, then its causes, indented. */
function errorLines(error: ErrorDetails, indent: string, label: string, paint: Paint): string[] {
  const { name, message, stack, cause, errors, omitted } = error;
  const further = `${indent}  `;
  return [
    `${indent}${label}${paint.red(visible(message === '' ? name : `${name}: ${message}`))}`,
    ...(stack ?? '').split('\n').flatMap((frame) => {
      const shown = visible(frame.trim());
      return shown === '' ? [] : [paint.dim(`${indent}    ${shown}`)];
    }),
    ...(cause ? errorLines(cause, further, 'cause: ', paint) : []),
    ...errors.flatMap((one, at) => errorLines(one, further, `error ${at + 1}: `, paint)),
    ...(omitted > 0 ? [paint.dim(`${further}and ${counted(omitted, 'more error')} not shown`)] : []),
  ];
}

function reasonOf({ slot, recovered }: RunRecord): string {
  if (slot === null) return 'demand';
  return recovered ? 'slot, again' : 'slot';
}
