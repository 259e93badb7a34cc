import type { Bell } from '../../../src/hints/bell';
import { only, rung } from '../history';
import { type Call, CLOCKS, type Timeline } from '../timeline';
import type { Judgement } from './judgement';

/**
 * ms within which a demand that is made while nothing is wrong has begun, even if it has to wait for a run that holds the lock.
 */
const BEGINS_WITHIN = 2500;

interface DemandRun {
  member: string;
  demandedAt: number;
  at: number;
}

/**
 * Demands. A demand is noted at some time between its call and its answer. Its run may serve several demands; it names the time
 * at which the first of them was noted.
 *
 * - *demand lost*: a demand resolved, but after the call no run began whose demand was noted before the answer. Accepted: Redis
 *   was emptied after the call, before a run could be expected; or whoever took the demand first did not begin, so that a run
 *   that began later, and names a later demand, serves both.
 * - *demand doubled*: each run needs a demand of its own that may have been noted at the time that the run names. A second run
 *   that names the same time needs one that may have been noted since the first was taken. A demand during which Redis was
 *   emptied may be noted once more. So there are never more runs than demands, and no run without a demand. Accepted: the
 *   process of the first run ended before the bell reported that the run had begun; or the run of the first take started in
 *   time, but its process or Redis stood still when the lock of that take ended, so that the demand was taken again before
 *   the bell reported any begin.
 * - *late*: the run began more than 2.5 s after the answer, although nothing excused the fleet.
 */
export function judgeDemands(timeline: Timeline, judgement: Judgement): void {
  for (const job of Object.keys(timeline.jobs)) {
    const demands = timeline.calls.filter((call) => call.verb === 'demand' && call.job === job);
    const runs = only(timeline.entries, 'began').flatMap(({ member, at, demandedAt, ...run }): DemandRun[] =>
      run.job === job && demandedAt !== null ? [{ member, at, demandedAt }] : [],
    );
    judgeRuns(timeline, judgement, job, demands, runs);
    for (const demand of demands) judgeDemand(timeline, judgement, job, demand, runs);
  }
}

function judgeDemand(
  timeline: Timeline,
  judgement: Judgement,
  job: string,
  demand: Call,
  runs: DemandRun[],
): void {
  if (demand.answer !== 'resolved') return;
  const begun = runs
    .filter(({ at, demandedAt }) => at >= demand.from - CLOCKS && demandedAt <= demand.to + CLOCKS)
    .map(({ at }) => at);
  const expected = { from: demand.to, to: demand.to + BEGINS_WITHIN };
  const excused = timeline.emptyings.some(
    ({ from, to }) => to >= demand.from && (from <= expected.to || !timeline.isUndisturbed(job, expected)),
  );
  if (begun.length === 0) {
    if (excused) judgement.excuse('demands that were lost with the data of Redis');
    else if (isServedLater(timeline, job, demand, runs))
      judgement.excuse('demands whose taker did not begin, so that they joined a later one');
    else judgement.object('demand lost', job, demand.from, `a demand of ${demand.member} was never run`);
  } else if (Math.min(...begun) > expected.to && !excused && timeline.isUndisturbed(job, expected)) {
    const ms = Math.round(Math.min(...begun) - demand.to);
    judgement.object('late', job, Math.min(...begun), `a demand of ${demand.member} was run ${ms} ms late`);
  }
}

/** Whether the demand was taken and not begun, and a run has begun since. */
function isServedLater(timeline: Timeline, job: string, demand: Call, runs: DemandRun[]): boolean {
  const [first, next] = rung(timeline.entries, 'taken').filter(
    (bell) => bell.name === job && bell.at >= demand.from - CLOCKS,
  );
  if (!first || first.lockRest < 0) return false;
  const until = next?.at ?? Number.POSITIVE_INFINITY;
  const isBegun = rung(timeline.entries, 'begun').some(
    (bell) => bell.name === job && bell.caller === first.caller && bell.at >= first.at && bell.at < until,
  );
  return !isBegun && runs.some(({ at }) => at >= until);
}

/** Checks that each run has a demand of its own. */
function judgeRuns(
  timeline: Timeline,
  judgement: Judgement,
  job: string,
  demands: Call[],
  runs: DemandRun[],
): void {
  const notes = demands.flatMap((demand) => {
    const emptied = timeline.emptyings.filter(({ from, to }) => from <= demand.to && to >= demand.from);
    return Array.from({ length: 1 + emptied.length }, () => demand);
  });
  const byStart = [...runs].sort((a, b) => a.at - b.at);
  const own = new Matching(notes);
  for (const [index, run] of byStart.entries()) {
    const earlier = byStart.slice(0, index).findLast(({ demandedAt }) => demandedAt === run.demandedAt);
    if (earlier && diedUnheard(timeline, job, earlier, run)) {
      judgement.excuse('demands run again because their taker died before it could note that they had begun');
      continue;
    }
    if (earlier && begunUnheard(timeline, job, [earlier, run])) {
      judgement.excuse('demands run again because a standstill outlasted the lock of their first taker');
      continue;
    }
    // A demand that is noted between the take and the begin of another keeps waiting, under the time of the other one.
    const from = earlier ? takenAt(timeline, job, earlier) : run.demandedAt;
    const to = earlier ? run.at : run.demandedAt;
    const canBe = (demand: Call) => demand.from - CLOCKS <= to && from <= demand.to + CLOCKS;
    if (own.give(canBe)) continue;
    const what = earlier
      ? `was run by ${earlier.member} and again by ${run.member}`
      : `was run by ${run.member}, but nobody made it`;
    judgement.object('demand doubled', job, run.at, `a demand noted at ${run.demandedAt} ${what}`);
  }
}

/** Gives each taker one of the things that suit it. Earlier takers get another thing if that makes room for a later one. */
class Matching<T> {
  private readonly takers = new Map<number, (thing: T) => boolean>();

  constructor(private readonly things: T[]) {}

  give(suits: (thing: T) => boolean, tried = new Set<number>()): boolean {
    for (const [index, thing] of this.things.entries()) {
      if (tried.has(index) || !suits(thing)) continue;
      tried.add(index);
      const holder = this.takers.get(index);
      if (holder && !this.give(holder, tried)) continue;
      this.takers.set(index, suits);
      return true;
    }
    return false;
  }
}

/** When the bell reported the take of the demand of this run. */
export function takenAt(timeline: Timeline, job: string, run: Pick<DemandRun, 'member' | 'at'>): number {
  return takeOf(timeline, job, run)?.at ?? run.at;
}

function takeOf(timeline: Timeline, job: string, run: Pick<DemandRun, 'member' | 'at'>) {
  const caller = timeline.members.get(run.member)?.caller;
  return rung(timeline.entries, 'taken').findLast(
    (bell) => bell.caller === caller && bell.name === job && bell.at <= run.at + CLOCKS,
  );
}

function diedUnheard(timeline: Timeline, job: string, first: DemandRun, again: DemandRun): boolean {
  const taker = timeline.members.get(first.member);
  if (!taker || taker.leftAt > again.at) return false;
  // What it had sent may be read from its socket only after the second take.
  const takenAgainAt = takenAt(timeline, job, again);
  const ownTakes = rung(timeline.entries, 'taken').filter(({ lockRest }) => lockRest < 0);
  return ![...rung(timeline.entries, 'begun'), ...ownTakes].some(
    ({ name, caller, at }) =>
      name === job && caller === taker.caller && at >= first.at - CLOCKS && at < takenAgainAt,
  );
}

/**
 * Whether nothing could tell Redis in time that the run of the first take had begun. The run of the second take may have
 * begun before it.
 */
function begunUnheard(timeline: Timeline, job: string, runs: DemandRun[]): boolean {
  const [first, again] = runs
    .flatMap((run) => {
      const take = takeOf(timeline, job, run);
      return take ? [{ run, take }] : [];
    })
    .sort((a, b) => a.take.at - b.take.at);
  if (!first || !again) return false;
  const lockEndsAt = first.take.at + first.take.lockRest;
  if (lockEndsAt > again.take.at || startedAt(timeline, job, first.run) >= lockEndsAt) return false;
  // In the order in which Redis rang them: several may name the same ms.
  const bells = only(timeline.entries, 'bell').map(({ bell }) => bell);
  const between = bells.slice(bells.indexOf(first.take), bells.indexOf(again.take));
  if (between.some((bell) => 'name' in bell && bell.name === job && saysBegun(bell))) return false;
  const still = timeline.members.get(first.run.member)?.still ?? [];
  return [...still, ...timeline.outages].some(({ from, to }) => from <= lockEndsAt && lockEndsAt <= to);
}

/** When its member decided to begin the run; `at` is when its work began, which is later if the member stood still between. */
function startedAt(timeline: Timeline, job: string, { member, demandedAt, at }: DemandRun): number {
  const start = only(timeline.entries, 'start').findLast(
    (entry) =>
      entry.member === member &&
      entry.event.job === job &&
      entry.event.demandedAt === demandedAt &&
      entry.at <= at,
  );
  return start?.event.startedAt ?? at;
}

function saysBegun(bell: Bell): boolean {
  return bell.kind === 'begun' || (bell.kind === 'taken' && bell.lockRest < 0);
}

/** When the bell reported that demands taken by the caller counted as run. */
export function begunBells(timeline: Timeline, job: string, caller: string): number[] {
  return only(timeline.entries, 'bell')
    .filter(({ bell }) => bell.caller === caller && 'name' in bell && bell.name === job && saysBegun(bell))
    .map(({ at }) => at);
}
