import { only, rung } from '../history';
import { type Call, CLOCKS, type Timeline } from '../timeline';
import type { Judgement } from './judgement';

/** ms before a forget within which a member that was cut off may not have reconnected. */
const CONNECTS_WITHIN = 2500;

/**
 * *forgotten*: a forget resolved although another member hired the job the whole time, and was able and connected; or, between
 * the answer to a forget and the next call of `hire`, a slot of the job was claimed for a run, or a slot began that came due
 * after the answer. Accepted: a member that hired the job stood still or was cut off during the forget, and then restored the
 * plan.
 */
export function judgeForgets(timeline: Timeline, judgement: Judgement): void {
  for (const forget of timeline.calls) {
    if (forget.verb !== 'forget' || forget.answer !== 'resolved') continue;
    const span = { from: forget.from - CONNECTS_WITHIN, to: forget.to };
    const hirers = hirersDuring(timeline, forget);
    const able = hirers.find((name) => timeline.isConnected(span) && wasThere(timeline, name, forget));
    if (able !== undefined) {
      const what = `${forget.member} forgot the job, and ${able} hired it`;
      judgement.object('forgotten', forget.job, forget.to, what);
      continue;
    }
    const later = runAfter(timeline, forget);
    if (later && hirers.length > 0)
      judgement.excuse('jobs forgotten while a member that hired them was cut off');
    else if (later) {
      const after = Math.round(later.at - forget.to);
      const what = `slot ${later.slot} was run ${after} ms after ${forget.member} forgot the job`;
      judgement.object('forgotten', forget.job, later.at, what);
    }
  }
}

/** The members that may still have hired the job: they hired it before, and have not forgotten it. */
function hirersDuring(timeline: Timeline, forget: Call): string[] {
  return [...timeline.members.values()]
    .filter(({ name, goneAt }) => name !== forget.member && goneAt > forget.from)
    .filter(({ name }) => {
      const own = timeline.calls.filter(
        ({ member, job, verb }) =>
          member === name && job === forget.job && (verb === 'hire' || verb === 'forget'),
      );
      return own.findLast(({ from }) => from <= forget.to)?.verb === 'hire';
    })
    .map(({ name }) => name);
}

/** Whether the member hired the job before the call, and ran from then on. */
function wasThere(timeline: Timeline, name: string, { job, from, to }: Call): boolean {
  const member = timeline.members.get(name);
  const hired = timeline.calls.findLast(
    (call) => call.verb === 'hire' && call.member === name && call.job === job && call.from <= to,
  );
  if (!member || !hired || hired.answer !== 'resolved' || hired.to > from) return false;
  return timeline.isAble(member, job, { from: Math.max(hired.to, from - CONNECTS_WITHIN), to });
}

function runAfter(timeline: Timeline, forget: Call): { at: number; slot: number | null } | undefined {
  const hires = timeline.calls.filter(
    ({ verb, job, to }) => verb === 'hire' && job === forget.job && to >= forget.from,
  );
  const hiredAt = Math.min(Number.POSITIVE_INFINITY, ...hires.map(({ from }) => from));
  const isInside = (at: number) => at > forget.to + CLOCKS && at < hiredAt - CLOCKS;
  const claimed = rung(timeline.entries, 'claim').find(
    ({ name, at, verdict }) => name === forget.job && verdict === 'run' && isInside(at),
  );
  const run = only(timeline.entries, 'began').find(
    ({ job, slot, at }) => job === forget.job && slot !== null && isInside(at) && isInside(slot),
  );
  return claimed ?? run;
}
