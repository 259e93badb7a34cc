import { only } from '../history';
import type { Timeline } from '../timeline';
import type { Judgement } from './judgement';

/** *crowded*: in a member with `concurrency`, work began while as many runs as it may have were already in progress. */
export function judgeCrowds(timeline: Timeline, judgement: Judgement): void {
  const ended = new Map(
    only(timeline.entries, 'ended').map(({ member, run, at }) => [`${member} ${run}`, at]),
  );
  for (const { name, concurrency } of timeline.members.values()) {
    if (concurrency === Number.POSITIVE_INFINITY) continue;
    const runs = only(timeline.entries, 'began')
      .filter(({ member }) => member === name)
      .map(({ job, run, at }) => ({ job, at, to: ended.get(`${name} ${run}`) ?? Number.POSITIVE_INFINITY }));
    for (const run of runs) {
      const going = runs.filter(({ at, to }) => at <= run.at && to > run.at).length;
      if (going <= concurrency) continue;
      judgement.object('crowded', run.job, run.at, `${name} had ${going} runs, but may have ${concurrency}`);
    }
  }
}
