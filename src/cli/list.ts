import { inOrder, jobLines, summaryLine, summaryOf } from './jobs';
import { notKnown } from './names';
import { look, type Session } from './session';

const NOTHING_HERE = 'No fleet is here: --prefix says which one, and /DB in --url in which database.';

/** All jobs of the fleet, under a line that sums them up. */
export async function list({ inspector, output }: Session): Promise<number> {
  const seen = await look(inspector);
  const jobs = inOrder(seen.jobs);
  output.say({ at: seen.at, summary: summaryOf(seen), silence: seen.silence, jobs }, () => {
    const { silence } = seen;
    const why = silence === null ? [] : [output.paint.red(notKnown(silence))];
    const summary = [summaryLine(seen, output.paint), ...why];
    if (jobs.length > 0) return [...summary, '', ...jobLines(seen, jobs, output.paint, output.width)];
    return seen.instances.length > 0 || silence !== null ? summary : [...summary, '', NOTHING_HERE];
  });
  return 0;
}
