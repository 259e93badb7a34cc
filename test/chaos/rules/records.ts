import type { RunRecord } from '../../../src/info';
import { only, type RunOf, rung } from '../history';
import { CLOCKS, type MemberLife, type Span, type Timeline } from '../timeline';
import { hasSettled, wasCutOff } from './deaths';
import { begunBells, takenAt } from './demands';
import type { Judgement } from './judgement';

/** ms within which a member that finds the run reports its death: it waits 1 s, checks twice, 3 s apart, and calls the roll. */
const REPORTED_WITHIN = 7000;
/** ms between the record of a death and its report. */
const TELLS_WITHIN = 1000;

/** A run that certainly died: it was noted when it began, and its process was killed before its work ended. */
interface DeadRun extends RunOf {
  member: MemberLife;
  notedAt: number;
}

/**
 * Runs that died, judged at the end. (Wrong reports are judged by `misreported`.)
 *
 * - *unrecorded*: a run was noted when it began, and its process was killed before its work ended, but it is not recorded as
 *   died. Accepted: Redis was emptied, or the job was forgotten, since then.
 * - *unreported*: no member reported `lost`, why `died`, for such a run. Accepted: Redis was emptied since then; no member
 *   looked at the job for long enough, that is, began a run of it that was due after the lock had ended, and was able and
 *   connected for 7 s from then; the run had outlived its lock before its process was killed, so a member that saw it alive
 *   checks again only 30 s later; or another member left just when the death was recorded, and may have been the one to report
 *   it.
 * - *misrecorded*: a run is recorded more than once; or it is recorded as died although its member was not killed, or had
 *   settled it. Accepted: a member that was cut off for so long that others had to consider it dead.
 */
export function judgeRecords(timeline: Timeline, judgement: Judgement): void {
  if (only(timeline.entries, 'inspected').length === 0) return;
  const dead = deadRuns(timeline);
  for (const run of dead) {
    if (timeline.emptyings.some(({ to }) => to >= run.notedAt)) {
      judgement.excuse('runs that died, whose trace was lost with the data of Redis');
      continue;
    }
    if (isForgotten(timeline, run)) {
      judgement.excuse('runs that died, whose job was forgotten');
      continue;
    }
    const records = recordsOf(timeline, run);
    const [died] = records.filter(({ record }) => record.outcome === 'died');
    if (died) judgement.excuse('runs that died, and were recorded once');
    else
      judgement.object(
        'unrecorded',
        run.job,
        run.member.killedAt,
        `${inWords(run)} died, and is not on record`,
      );
    judgeReports(timeline, judgement, run, dead, died?.at ?? null);
  }
  judgeNumbers(timeline, judgement);
}

function judgeReports(
  timeline: Timeline,
  judgement: Judgement,
  run: DeadRun,
  dead: DeadRun[],
  recordedAt: number | null,
): void {
  const isIts = (one: Pick<RunOf, 'job' | 'slot' | 'demandedAt'>) =>
    one.job === run.job && one.slot === run.slot && one.demandedAt === run.demandedAt;
  const reports = only(timeline.entries, 'lost').filter(({ event }) => event.why === 'died' && isIts(event));
  // The reports of a run and of the run that recovered it look the same.
  if (reports.length >= dead.filter(isIts).length) return;
  if (outlivedItsLock(timeline, run))
    judgement.excuse('runs that died after their lock had expired, and were not reported');
  else if (!wasLookedAt(timeline, run))
    judgement.excuse('runs that died, whose job no member looked at for long enough');
  else if (recordedAt !== null && somebodyWent(timeline, recordedAt))
    judgement.excuse('runs that died, whose reporter may have died');
  else
    judgement.object(
      'unreported',
      run.job,
      run.member.killedAt,
      `${inWords(run)} died, which was not reported`,
    );
}

function judgeNumbers(timeline: Timeline, judgement: Judgement): void {
  const seen = new Map<string, number>();
  for (const { at, job, record } of only(timeline.entries, 'record')) {
    const run = { job, ...record };
    const member = timeline.byCaller(record.by);
    const key = [job, record.slot, record.demandedAt, record.recovered, record.by].join(' ');
    const times = (seen.get(key) ?? 0) + 1;
    seen.set(key, times);
    const began = only(timeline.entries, 'began').filter(
      (one) => one.member === member?.name && isSame(one, run),
    );
    const what = `${inWords({ ...run, member: member ?? { name: record.by } })}`;
    if (times > Math.max(1, began.length))
      judgement.object('misrecorded', job, at, `${what} is on record ${times} times`);
    if (record.outcome !== 'died' || (member && isDead(timeline, member, run, at))) continue;
    if (member && wasCutOff(timeline, member, at))
      judgement.excuse('runs of a member that was cut off for long, recorded as died');
    else judgement.object('misrecorded', job, at, `${what} is on record as died, and did not die`);
  }
}

function isDead(
  timeline: Timeline,
  member: MemberLife,
  { job, slot, demandedAt }: RunRecord & { job: string },
  at: number,
): boolean {
  return member.killedAt <= at + CLOCKS && !hasSettled(timeline, member, { job, slot, demandedAt, at });
}

function deadRuns(timeline: Timeline): DeadRun[] {
  const killed = new Set(only(timeline.entries, 'killed').map(({ member }) => member));
  const ended = new Set(only(timeline.entries, 'ended').map(({ member, run }) => `${member} ${run}`));
  return only(timeline.entries, 'began').flatMap(({ at, kind: _, member: name, ...run }) => {
    const member = timeline.members.get(name);
    if (!member || !killed.has(name) || ended.has(`${name} ${run.run}`)) return [];
    const notedAt = notedAtOf(timeline, member, run, at);
    return notedAt === null ? [] : [{ ...run, member, notedAt }];
  });
}

/**
 * When the bell reported that the run was given to its member, which is when the same script noted it; null if it never did.
 */
function notedAtOf(timeline: Timeline, { caller, name }: MemberLife, run: RunOf, at: number): number | null {
  const { job, slot, recovered } = run;
  if (recovered) {
    const bells = rung(timeline.entries, 'recovered').filter(
      (bell) => bell.caller === caller && bell.name === job,
    );
    return bells.findLast((bell) => bell.at <= at + CLOCKS)?.at ?? null;
  }
  if (slot !== null) {
    const claims = rung(timeline.entries, 'claim').filter(
      (bell) => bell.caller === caller && bell.name === job,
    );
    return claims.find((bell) => bell.slot === slot && bell.verdict === 'run')?.at ?? null;
  }
  // The run of a demand is noted when it has begun, not when it is taken.
  const from = takenAt(timeline, job, { member: name, at });
  return begunBells(timeline, job, caller).find((begun) => begun >= from - CLOCKS) ?? null;
}

function recordsOf(timeline: Timeline, run: DeadRun) {
  return only(timeline.entries, 'record').filter(
    ({ job, record }) => record.by === run.member.caller && isSame({ job, ...record }, run),
  );
}

function isForgotten(timeline: Timeline, { job, notedAt }: DeadRun): boolean {
  return timeline.calls.some((call) => call.verb === 'forget' && call.job === job && call.to >= notedAt);
}

function outlivedItsLock(timeline: Timeline, { job, member, notedAt }: DeadRun): boolean {
  const { ttl = 0, keepAlive = false } = timeline.jobs[job] ?? {};
  if (!keepAlive) return notedAt + ttl <= member.killedAt + CLOCKS;
  const cuts = timeline.cuts.map((cut) => ({ from: cut, to: cut }));
  // Something may have prevented the renewal of the lock.
  return [...member.still, ...timeline.outages, ...cuts].some(
    ({ from, to }) => from <= member.killedAt && to >= notedAt,
  );
}

function wasLookedAt(timeline: Timeline, { job, member, notedAt }: DeadRun): boolean {
  const { ttl = 0, keepAlive = false } = timeline.jobs[job] ?? {};
  const lockEndsAt = Math.max(member.killedAt, keepAlive ? member.killedAt + ttl : notedAt + ttl) + CLOCKS;
  return only(timeline.entries, 'began').some((run) => {
    const looker = timeline.members.get(run.member);
    const span: Span = { from: run.at, to: run.at + REPORTED_WITHIN };
    const isLater = run.job === job && (run.slot ?? run.demandedAt ?? 0) > lockEndsAt;
    if (!looker || !isLater || run.recovered || span.to > timeline.endAt) return false;
    return timeline.isAble(looker, job, span) && timeline.isConnected(span);
  });
}

function somebodyWent(timeline: Timeline, at: number): boolean {
  return [...timeline.members.values()].some(
    ({ leftAt, still }) =>
      (leftAt >= at - CLOCKS && leftAt <= at + TELLS_WITHIN) ||
      still.some(
        ({ from, to }) => from <= at + TELLS_WITHIN && to >= at - CLOCKS && leftAt <= to + TELLS_WITHIN,
      ),
  );
}

type Named = Pick<RunOf, 'job' | 'slot' | 'demandedAt' | 'recovered'>;

function isSame(one: Named, other: Named): boolean {
  return (
    one.job === other.job &&
    one.slot === other.slot &&
    one.demandedAt === other.demandedAt &&
    one.recovered === other.recovered
  );
}

function inWords({
  slot,
  demandedAt,
  recovered,
  member,
}: Omit<Named, 'job'> & { member: { name: string } }): string {
  const what = slot === null ? `the demand of ${demandedAt}` : `slot ${slot}`;
  return `${recovered ? 'the second run of ' : ''}${what} in ${member.name}`;
}
