import { rung } from '../history';
import { type Call, CLOCKS, type Timeline } from '../timeline';
import type { Judgement } from './judgement';

/** ms after a fire by which every member has heard of it, if it is able and connected. */
const HEARD_WITHIN = 1000;

/**
 * *fired*: a claim on the bell between the answer to a fire and the next call of a hire; and, however often the job is
 * hired again, a claim of a plan whose stamp is older than the call of the fire. A hire under way during the fire leaves
 * it open which of them came last, so only the stamp is judged then. Once Redis is emptied a fire lives in those who know
 * of it: it is judged as long as the member that fired is able until the claim, or any other that was able when it was
 * fired and connected for 1 s after (see also `Timeline.isForgotten`).
 */
export function judgeFires(timeline: Timeline, judgement: Judgement): void {
  const claims = rung(timeline.entries, 'claim');
  for (const fire of timeline.calls) {
    if (fire.verb !== 'fire' || fire.answer !== 'resolved') continue;
    const hires = timeline.calls.filter(
      ({ verb, job, to }) => verb === 'hire' && job === fire.job && to >= fire.from,
    );
    const hiredAt = Math.min(Number.POSITIVE_INFINITY, ...hires.map(({ from }) => from));
    for (const claim of claims) {
      if (claim.name !== fire.job || claim.at <= fire.to + CLOCKS) continue;
      const older = claim.stamp < fire.from - CLOCKS;
      if (!older && claim.at >= hiredAt) continue;
      if (!isRemembered(timeline, fire, claim.at)) {
        judgement.excuse('fires that nobody was left to remember');
        break;
      }
      const by = timeline.byCaller(claim.caller)?.name ?? claim.caller;
      const what = `slot ${claim.slot} was claimed by ${by} ${Math.round(claim.at - fire.to)} ms after ${fire.member} fired the job`;
      judgement.object('fired', fire.job, claim.at, what);
      break;
    }
  }
}

/** Does anybody who knows of a fire, or a pause, live until `at`? */
export function isRemembered(timeline: Timeline, fire: Call, at: number): boolean {
  const span = { from: fire.from, to: at };
  const emptied = timeline.emptyings.filter(({ from, to }) => to >= span.from && from <= span.to);
  if (emptied.length === 0) return true;
  if (timeline.isForgotten(fire.job, span)) return false;
  const heard = { from: fire.from, to: fire.to + HEARD_WITHIN };
  const allHeard = emptied.every(({ from }) => from > heard.to) && timeline.isConnected(heard);
  return [...timeline.members.values()].some(
    (member) => timeline.isAble(member, fire.job, span) && (allHeard || member.name === fire.member),
  );
}
