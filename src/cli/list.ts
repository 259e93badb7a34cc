import { inOrder, jobLines, summaryLine, summaryOf } from './jobs';
import { notKnown } from './names';
import { nothingHere } from './nothing';
import { look, type Session } from './session';

/** Prints all jobs of the fleet below a summary line. */
export async function list({ inspector, output }: Session): Promise<number> {
  const seen = await look(inspector);
  const jobs = inOrder(seen.jobs);
  const nothing = jobs.length === 0 && seen.instances.length === 0 && seen.silence === null;
  const advice = nothing ? ['', await nothingHere(inspector)] : [];
  output.say({ at: seen.at, summary: summaryOf(seen), silence: seen.silence, jobs }, () => {
    const { silence } = seen;
    const why = silence === null ? [] : [output.paint.red(notKnown(silence))];
    const summary = [summaryLine(seen, output.paint), ...why];
    if (jobs.length > 0) return [...summary, '', ...jobLines(seen, jobs, output.paint, output.width)];
    return [...summary, ...advice];
  });
  return 0;
}
