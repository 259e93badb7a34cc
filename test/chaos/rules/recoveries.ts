import type { SkipEvent } from '../../../src/events';
import { only, rung } from '../history';
import { CLOCKS, type Timeline } from '../timeline';
import type { Judgement } from './judgement';

/**
 * *unrecovered*: a member that had claimed a slot of a job with `recover` was killed before its run ended, or gave up on that
 * run when it quit, and no run of that slot with `recovered` began. Accepted: the member itself had reported the slot as
 * skipped before; the job was fired, or Redis was emptied, after the claim; or the member that recovered the slot reported that
 * its answer came too late, or left before it had run undisturbed for 1 s.
 */
export function judgeRecoveries(timeline: Timeline, judgement: Judgement): void {
  const killed = new Set(only(timeline.entries, 'killed').map(({ member }) => member));
  const began = only(timeline.entries, 'began');
  const ended = only(timeline.entries, 'ended');
  const skips = only(timeline.entries, 'skip');
  const abandoned = only(timeline.entries, 'lost').filter(
    ({ event, at }) => event.why === 'quit' && at <= timeline.endAt,
  );
  for (const { name: job, caller, slot, at, verdict } of rung(timeline.entries, 'claim')) {
    const member = timeline.byCaller(caller)?.name ?? '';
    if (!timeline.jobs[job]?.recover || verdict !== 'run') continue;
    const isAbandoned = abandoned.some(
      ({ event, ...told }) => told.member === member && event.job === job && event.slot === slot,
    );
    if (!killed.has(member) && !isAbandoned) continue;
    const isIts = (run: { job: string; slot: number | null }) => run.job === job && run.slot === slot;
    if (!isAbandoned && ended.some((run) => isIts(run) && run.member === member)) continue;
    if (began.some((run) => isIts(run) && run.recovered)) continue;
    const covers = (event: SkipEvent) => event.job === job && event.slot <= slot && slot <= event.through;
    if (skips.some((skip) => skip.member === member && skip.at >= at - CLOCKS && covers(skip.event)))
      continue;
    const isTooLate = (event: SkipEvent) =>
      event.job === job && event.slot === slot && event.why === 'expired';
    if (skips.some(({ event }) => isTooLate(event))) {
      judgement.excuse('runs that died, whose recovery was answered too late');
      continue;
    }
    const given = rung(timeline.entries, 'recovered').filter((bell) => bell.name === job && bell.at >= at);
    if (given.some((bell) => timeline.wentEarly(timeline.byCaller(bell.caller), bell.at))) {
      judgement.excuse('runs that died, whose recovery was given to a member that then left');
      continue;
    }
    const fired = timeline.calls.some((call) => call.verb === 'fire' && call.job === job && call.to >= at);
    if (fired || timeline.emptyings.some(({ to }) => to >= at)) {
      judgement.excuse('runs that died, and left nothing to recover');
    } else {
      judgement.object(
        'unrecovered',
        job,
        at,
        `${member} ${isAbandoned ? 'gave up on' : 'was killed in'} slot ${slot}, and no member ran it once more`,
      );
    }
  }
}
