import { planOf } from './names';
import { pausedText } from './pauses';
import { jobOf, look, type Session } from './session';
import { type Cell, type Column, table } from './table';
import { quoted } from './text';
import { fromNow, localTime, timeIn } from './time';

/** The next slots of one job, in its plan's time zone and in this machine's. */
export async function next(session: Session, name: string, count: number): Promise<number> {
  const { inspector, output } = session;
  const seen = await look(inspector);
  const job = jobOf(seen.jobs, name);
  const slots = await inspector.next(name, { count });
  const { plan, tz } = job;
  output.say({ at: seen.at, job: name, plan, tz, slots }, () => {
    if (slots.length === 0) {
      const why = job.fired
        ? 'it was fired'
        : job.paused
          ? `it is ${pausedText(job.paused, seen.at)}`
          : 'it has no plan';
      return [`${quoted(name)} has no next slot: ${why}`];
    }
    const columns: Column[] = [{ title: 'LOCAL TIME' }, { title: '' }];
    if (tz !== null) columns.unshift({ title: tz.toUpperCase() });
    const rows = slots.map((slot): Cell[] => [
      ...(tz === null ? [] : [timeIn(tz, slot)]),
      localTime(slot),
      [fromNow(slot, seen.at), output.paint.dim],
    ]);
    return [`${quoted(name)}, ${planOf(job)}`, '', ...table(columns, rows, output.width, output.paint.dim)];
  });
  return 0;
}
