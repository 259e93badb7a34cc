import { rung } from '../history';
import { type Call, CLOCKS, type Timeline } from '../timeline';
import type { Judgement } from './judgement';

/** ms after a fire within which every able and connected member has heard of it. */
const HEARD_WITHIN = 1000;

/**
 * *fired*: the bell reported a claim between the answer to a fire and the next call of `hire`; or, however often the job was
 * hired again, a claim of a plan whose stamp is older than the call of the fire. If a hire was in progress during the fire, it
 * is unknown which of them came last, so only the stamp is checked. After Redis was emptied, only members remember a fire. So
 * it is only checked if one of these is able until the claim: the member that fired, or any other that was able at the fire and
 * connected for 1 s after it (see also `Timeline.isForgotten`).
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
        judgement.excuse('fires that no remaining member remembered');
        break;
      }
      const by = timeline.byCaller(claim.caller)?.name ?? claim.caller;
      const what = `slot ${claim.slot} was claimed by ${by} ${Math.round(claim.at - fire.to)} ms after ${fire.member} fired the job`;
      judgement.object('fired', fire.job, claim.at, what);
      break;
    }
  }
}

/** Whether a member that knows of the fire, or pause, remembers it until `at`. */
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
