import { inOrder, jobLines, summaryLine, summaryOf } from './jobs';
import { look, type Session } from './session';

const NOTHING_HERE = 'No fleet is here: --prefix says which one, and /DB in --url in which database.';

/** All jobs of the fleet, under a line that sums them up. */
export async function list({ inspector, output }: Session): Promise<number> {
  const seen = await look(inspector);
  const jobs = inOrder(seen.jobs);
  output.say({ at: seen.at, summary: summaryOf(seen), jobs }, () => {
    const summary = summaryLine(seen, output.paint);
    if (jobs.length > 0) return [summary, '', ...jobLines(seen, jobs, output.paint, output.width)];
    return seen.instances.length > 0 ? [summary] : [summary, '', NOTHING_HERE];
  });
  return 0;
}
