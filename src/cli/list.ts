import { inOrder, jobLines, summaryLine, summaryOf } from './jobs';
import { look, type Session } from './session';

/** All jobs of the fleet, under a line that sums them up. */
export async function list({ inspector, output }: Session): Promise<number> {
  const seen = await look(inspector);
  const jobs = inOrder(seen.jobs);
  output.say({ at: seen.at, summary: summaryOf(seen), jobs }, () => {
    const summary = summaryLine(seen, output.paint);
    return jobs.length === 0 ? [summary] : [summary, '', ...jobLines(seen, jobs, output.paint, output.width)];
  });
  return 0;
}
