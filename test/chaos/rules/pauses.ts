import { only, rung } from '../history';
import { type Call, CLOCKS, type Span, type Timeline } from '../timeline';
import { isRemembered } from './fires';
import type { Judgement } from './judgement';

const EVER = Number.POSITIVE_INFINITY;
/** ms by which a pause may end later than its call plus its length: Redis may have carried it out only after an outage. */
const ENDS_WITHIN = 100;

/**
 * *paused*: between the answer to a pause and the next call of `resume` or `pause`, or the end of the pause, a slot was claimed
 * for a run; or a slot began that came due in that time. After Redis was emptied, a pause is checked for as long as a fire is
 * (see `judgeFires`).
 */
export function judgePauses(timeline: Timeline, judgement: Judgement): void {
  const claims = rung(timeline.entries, 'claim').filter(({ verdict }) => verdict === 'run');
  const began = only(timeline.entries, 'began');
  for (const pause of timeline.calls) {
    if (pause.verb !== 'pause' || pause.answer !== 'resolved') continue;
    const span = { from: pause.to + CLOCKS, to: endOf(timeline, pause) - CLOCKS };
    const isInside = (at: number) => at > span.from && at < span.to;
    const claimed = claims.find(({ name, at }) => name === pause.job && isInside(at));
    const run = began.find(
      ({ job, slot, at }) => job === pause.job && slot !== null && isInside(at) && isInside(slot),
    );
    const found = claimed ?? run;
    if (!found) continue;
    if (!isRemembered(timeline, pause, found.at)) {
      judgement.excuse('pauses that no remaining member remembered');
      continue;
    }
    const what = `slot ${found.slot} was run ${Math.round(found.at - pause.to)} ms after ${pause.member} paused the job`;
    judgement.object('paused', pause.job, found.at, what);
  }
}

/**
 * When the job may have been paused: slots in these spans need neither be run nor be reported.
 *
 * @param at when the slots were claimed: a resume that no member remembered by then may not have ended its pause
 */
export function maybePaused(timeline: Timeline, job: string, at: number): Span[] {
  const calls = timeline.calls.filter((call) => call.job === job);
  return calls
    .filter(({ verb }) => verb === 'pause')
    .map((pause) => {
      const ends = pause.ms === undefined ? EVER : pause.to + pause.ms + ENDS_WITHIN;
      // A member that remembers the pause, but not the resume, restores the pause to an emptied Redis.
      const resumes = calls.filter(
        (call) =>
          call.verb === 'resume' &&
          call.answer === 'resolved' &&
          call.from >= pause.to &&
          !timeline.emptyings.some((emptied) => emptied.to >= pause.from && emptied.from <= call.to) &&
          isRemembered(timeline, call, at),
      );
      const resumed = Math.min(EVER, ...resumes.map(({ to }) => to));
      return { from: pause.from - CLOCKS, to: Math.min(ends, resumed) + CLOCKS };
    });
}

/** When the pause ends. */
function endOf(timeline: Timeline, pause: Call): number {
  const others = timeline.calls.filter(
    (call) =>
      call !== pause &&
      (call.verb === 'resume' || call.verb === 'pause') &&
      call.job === pause.job &&
      call.to >= pause.from,
  );
  const ends = pause.ms === undefined ? EVER : pause.from + pause.ms;
  return Math.min(ends, ...others.map(({ from }) => from));
}
