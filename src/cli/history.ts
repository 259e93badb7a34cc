import type { RunRecord } from '../info';
import { outcomeColour, outcomeOf } from './jobs';
import { instanceName } from './names';
import { jobOf, look, type Session } from './session';
import { type Cell, type Column, table } from './table';
import { quoted } from './text';
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

/** The last runs of one job, the latest first. */
export async function history(session: Session, name: string, last: number): Promise<number> {
  const { inspector, output } = session;
  const [seen, runs] = await Promise.all([look(inspector), inspector.history(name, { last })]);
  // A job that was forgotten by all may still have a history.
  if (runs.length === 0) jobOf(seen.jobs, name);
  output.say({ at: seen.at, job: name, runs }, () => {
    const { paint } = output;
    if (runs.length === 0) return [`no run of ${quoted(name)} is on record`];
    const rows = runs.map((run): Cell[] => [
      localTime(run.startedAt),
      [fromNow(run.startedAt, seen.at), paint.dim],
      reasonOf(run),
      span(Math.max(0, run.lateness)),
      span(run.durationMs),
      [outcomeOf(run), outcomeColour(run, paint)],
      instanceName(run.by, seen.instances),
    ]);
    return table(COLUMNS, rows, output.width, paint.dim);
  });
  return 0;
}

function reasonOf({ slot, recovered }: RunRecord): string {
  if (slot === null) return 'demand';
  return recovered ? 'slot, again' : 'slot';
}
