import { only, rung } from '../history';
import { CLOCKS, type MemberLife, type Timeline } from '../timeline';
import type { Judgement } from './judgement';

/** ms within which a run that ended has settled, unless something prevented it. */
const SETTLES_WITHIN = 1000;
/** ms for which an instance must be away before its runs count as died. */
const AWAY_FOR = 3000;

/** A run, as a report or a record names it; `at`: the time of that report or record. */
export interface Death {
  job: string;
  slot: number | null;
  demandedAt: number | null;
  at: number;
}

/**
 * *misreported*: `lost`, why `died`, was reported for a run although no member that could have had that run, and had not
 * settled it, had ended by then; or it was reported more often than there were such members. A run has settled 1 s after it
 * ended, unless Redis did not answer or a connection was cut meanwhile. Accepted: a member that stood still while its
 * connections were cut, for so long that others had to consider it dead.
 */
export function judgeDeaths(timeline: Timeline, judgement: Judgement): void {
  const reported = new Map<string, number>();
  for (const { event, at } of only(timeline.entries, 'lost')) {
    if (event.why !== 'died') continue;
    const { job, slot, demandedAt } = event;
    const run = `${job} ${slot} ${demandedAt}`;
    const times = (reported.get(run) ?? 0) + 1;
    reported.set(run, times);
    const had = membersWith(timeline, { job, slot, demandedAt, at });
    const isDead = (member: MemberLife) =>
      member.killedAt <= at + CLOCKS && !hasSettled(timeline, member, { job, slot, demandedAt, at });
    if (had.filter(isDead).length >= times) judgement.excuse('runs that died, and were reported');
    else if (had.some((member) => wasCutOff(timeline, member, at)))
      judgement.excuse('runs of a member that was cut off for long, reported as died');
    else {
      const what = slot === null ? `the demand of ${demandedAt}` : `slot ${slot}`;
      const said = times > 1 ? `${times} times` : 'once';
      judgement.object(
        'misreported',
        job,
        at,
        `a run of ${what} was reported as died ${said}, but fewer members that had it had ended`,
      );
    }
  }
}

/** The members that began the run, or were given the lock for it; the bell of a claim is lost if Redis stops just then. */
function membersWith(timeline: Timeline, { job, slot, demandedAt, at }: Death): MemberLife[] {
  const began = only(timeline.entries, 'began')
    .filter((run) => run.job === job && run.slot === slot && run.demandedAt === demandedAt && run.at <= at)
    .map(({ member }) => member);
  const given = [
    ...rung(timeline.entries, 'claim').filter((bell) => bell.verdict === 'run' && bell.slot === slot),
    ...rung(timeline.entries, 'recovered'),
    ...rung(timeline.entries, 'taken').filter(() => slot === null),
  ].filter((bell) => bell.name === job && bell.at <= at + CLOCKS);
  const unheard = only(timeline.entries, 'record').filter(
    ({ record, ...of }) =>
      of.job === job &&
      record.slot === slot &&
      record.demandedAt === demandedAt &&
      timeline.outages.some(({ from, to }) => from <= record.startedAt + CLOCKS && to >= record.startedAt),
  );
  const callers = [...given.map(({ caller }) => caller), ...unheard.map(({ record }) => record.by)].flatMap(
    (caller) => timeline.byCaller(caller)?.name ?? [],
  );
  return [...new Set([...began, ...callers])].flatMap((name) => timeline.members.get(name) ?? []);
}

export function hasSettled(
  timeline: Timeline,
  member: MemberLife,
  { job, slot, demandedAt }: Death,
): boolean {
  const ends = only(timeline.entries, 'ended').filter(
    (run) =>
      run.member === member.name && run.job === job && run.slot === slot && run.demandedAt === demandedAt,
  );
  const began = only(timeline.entries, 'began').filter(
    (run) =>
      run.member === member.name && run.job === job && run.slot === slot && run.demandedAt === demandedAt,
  );
  // A member that was given the lock but never began the work has nothing to settle.
  return (
    began.length > 0 && ends.length === began.length && ends.every(({ at }) => settles(timeline, member, at))
  );
}

function settles(timeline: Timeline, member: MemberLife, endedAt: number): boolean {
  const to = endedAt + SETTLES_WITHIN;
  const isBroken = (span: { from: number; to: number }) =>
    span.from <= to && span.to >= endedAt - SETTLES_WITHIN;
  if (member.killedAt <= to) return false;
  return ![
    ...timeline.outages,
    ...timeline.emptyings,
    ...member.still,
    ...timeline.cuts.map((cut) => ({ from: cut, to: cut })),
  ].some(isBroken);
}

/** Whether the member stood still, with its connections cut meanwhile, for so long that others had to consider it dead. */
export function wasCutOff(timeline: Timeline, member: MemberLife, at: number): boolean {
  const broken = [...timeline.outages, ...timeline.cuts.map((cut) => ({ from: cut, to: cut }))];
  return member.still.some(
    ({ from, to }) =>
      from <= at - AWAY_FOR &&
      to - from >= AWAY_FOR &&
      broken.some((one) => one.from <= to && one.to >= from),
  );
}
