import type { Bell } from '../../../src/hints/bell';
import { type Entry, only } from '../history';
import { CLOCKS, type Timeline } from '../timeline';
import type { Judgement } from './judgement';

/** ms by which an alarm may be late before a lost lock counts as not reported. */
const TOLD_WITHIN = 200;

const NEVER = Number.NEGATIVE_INFINITY;

interface Run {
  member: string;
  job: string;
  slot: number | null;
  demandedAt: number | null;
  beganAt: number;
  endedAt: number;
  /** When its lock was taken, on Redis' clock; -Infinity if it never was. */
  lockedAt: number;
  /**
   * The run began after that lock had ended: its slot was claimed again, which rings no bell, so the time of that claim is
   * unknown.
   */
  isClaimedAgain: boolean;
}

/**
 * Runs and their locks.
 *
 * - *unclaimed*: a run began, but the bell never reported that its slot, or a demand, was given to that member. Accepted: Redis
 *   went down before the bell was delivered; the member asked again, and Redis answered from its data.
 * - *overlap*: a run began while another run of the job held its lock. A lock is held until the run ends, its process is
 *   killed, its ttl has passed, or Redis is emptied, even if the member was asked to quit. With `keepAlive`, it is held beyond
 *   its ttl, until `lost` is reported, or until something (a member that stands still, an outage, a cut) may have prevented its
 *   renewal. Accepted: the member of the later run stood still between the time at which it was given its own lock and the
 *   time at which the run began, for so long that this lock had ended, and it reported `lost`.
 * - *untold*: a run continued for 200 ms after its lock had ended, and its member, which was not asked to quit, did not report
 *   `lost`; or a run continued after the quit of its member had settled, and the member did not report `lost`, why `quit`.
 */
export function judgeOverlaps(timeline: Timeline, judgement: Judgement): void {
  for (const job of Object.keys(timeline.jobs)) {
    const runs = runsOf(timeline, job).sort((a, b) => a.beganAt - b.beganAt);
    for (const [index, run] of runs.entries()) {
      if (run.lockedAt === NEVER) {
        if (wentDown(timeline, run)) judgement.excuse('runs whose bell was lost when Redis went down');
        else {
          const what = `${told(run)} began, but nothing had given it to that member`;
          judgement.object('unclaimed', job, run.beganAt, what);
        }
        continue;
      }
      const until = holdsUntil(timeline, run);
      for (const other of runs.slice(index + 1)) {
        if (other.beganAt >= until - CLOCKS) break;
        if (stoodStill(timeline, other)) {
          judgement.excuse('runs whose member stood still until their lock had ended, and that reported so');
          continue;
        }
        judgement.object(
          'overlap',
          job,
          other.beganAt,
          `${told(other)} began while ${told(run)} held the lock for another ${Math.round(until - other.beganAt)} ms`,
        );
      }
      judgeTold(timeline, judgement, run);
      judgeAbandoned(timeline, judgement, run);
    }
  }
}

function judgeTold(timeline: Timeline, judgement: Judgement, run: Run): void {
  const settings = timeline.jobs[run.job];
  const member = timeline.members.get(run.member);
  if (!settings || settings.keepAlive || !member || run.endedAt === Number.POSITIVE_INFINITY) return;
  const lockedAt = run.isClaimedAgain ? run.beganAt : run.lockedAt;
  const overdue = run.endedAt - (lockedAt + settings.ttl);
  if (overdue < TOLD_WITHIN || member.leftAt <= run.endedAt) return;
  if (lostAt(timeline, run) !== undefined)
    judgement.excuse('runs that outlived their lock, which was reported');
  else
    judgement.object(
      'untold',
      run.job,
      run.endedAt,
      `${told(run)} outlived its lock by ${Math.round(overdue)} ms, which was not reported`,
    );
}

function judgeAbandoned(timeline: Timeline, judgement: Judgement, run: Run): void {
  const left = only(timeline.entries, 'left').find(({ member }) => member === run.member);
  if (!left || run.beganAt >= left.at - CLOCKS || run.endedAt <= left.at + CLOCKS) return;
  const said = only(timeline.entries, 'lost').some(
    ({ member, event }) =>
      member === run.member && event.job === run.job && event.slot === run.slot && event.why === 'quit',
  );
  if (said) judgement.excuse('runs that quit gave up on, which was reported');
  else
    judgement.object(
      'untold',
      run.job,
      left.at,
      `${told(run)} continued after its member had quit, which was not reported`,
    );
}

/** The time until which the run certainly holds its lock. */
function holdsUntil(timeline: Timeline, run: Run): number {
  if (run.isClaimedAgain) return run.beganAt;
  const { ttl, keepAlive } = timeline.jobs[run.job] ?? { ttl: 0 };
  const member = timeline.members.get(run.member);
  const ends = [run.endedAt, member?.killedAt ?? Number.POSITIVE_INFINITY];
  for (const { from, to } of timeline.emptyings) {
    if (to >= run.lockedAt - CLOCKS) ends.push(Math.max(from, run.lockedAt));
  }
  const expiry = run.lockedAt + ttl;
  if (!keepAlive) return Math.min(expiry, ...ends);
  const hindered = [
    ...(member?.still.map(({ from, to }) => (to > run.lockedAt ? from : Number.POSITIVE_INFINITY)) ?? []),
    ...timeline.outages.map(({ from, to }) => (to > run.lockedAt ? from : Number.POSITIVE_INFINITY)),
    ...timeline.cuts.filter((at) => at > run.lockedAt),
  ];
  return Math.min(
    Math.max(expiry, Math.min(...hindered)),
    lostAt(timeline, run) ?? Number.POSITIVE_INFINITY,
    ...ends,
  );
}

/** Whether the run began when its own lock had ended, because its member stood still before, and `lost` was reported. */
function stoodStill(timeline: Timeline, run: Run): boolean {
  const { ttl } = timeline.jobs[run.job] ?? { ttl: 0 };
  const endsAt = Math.max(run.lockedAt, run.slot ?? 0) + ttl;
  if (run.beganAt < endsAt - CLOCKS || lostAt(timeline, run) === undefined) return false;
  const still = timeline.members.get(run.member)?.still ?? [];
  return still.some(({ from, to }) => from < endsAt && to > run.lockedAt && from < run.beganAt);
}

function wentDown(timeline: Timeline, { slot, demandedAt, beganAt }: Run): boolean {
  const dueAt = slot ?? demandedAt ?? beganAt;
  return timeline.outages.some(({ from, to }) => from <= beganAt && to >= dueAt);
}

function lostAt(timeline: Timeline, run: Run): number | undefined {
  return only(timeline.entries, 'lost').find(
    ({ member, event, at }) =>
      member === run.member &&
      // `died` is reported about a run of another member, whose slot this member may run once more.
      event.why !== 'died' &&
      event.job === run.job &&
      event.slot === run.slot &&
      event.demandedAt === run.demandedAt &&
      at >= run.beganAt - CLOCKS,
  )?.at;
}

function runsOf(timeline: Timeline, job: string): Run[] {
  const ended = new Map(
    only(timeline.entries, 'ended').map(({ member, run, at }) => [`${member} ${run}`, at]),
  );
  const locks = only(timeline.entries, 'bell')
    .map(({ bell }) => bell)
    .filter(takesLock);
  return only(timeline.entries, 'began')
    .filter((run) => run.job === job)
    .map(({ member, slot, demandedAt, recovered, run, at }) => {
      const caller = timeline.members.get(member)?.caller;
      const lock = locks.findLast(
        (bell) =>
          bell.caller === caller &&
          bell.name === job &&
          bell.at <= at + CLOCKS &&
          gives(bell, slot, recovered),
      );
      const ttl = timeline.jobs[job]?.ttl ?? Number.POSITIVE_INFINITY;
      const endedAt = ended.get(`${member} ${run}`) ?? Number.POSITIVE_INFINITY;
      return {
        member,
        job,
        slot,
        demandedAt,
        beganAt: at,
        endedAt,
        lockedAt: lock?.at ?? NEVER,
        isClaimedAgain: lock !== undefined && slot !== null && at > Math.max(lock.at, slot) + ttl,
      };
    });
}

type LockBell = Extract<Bell, { kind: 'claim' | 'taken' | 'recovered' }>;

function takesLock(bell: Extract<Entry, { kind: 'bell' }>['bell']): bell is LockBell {
  return (
    (bell.kind === 'claim' && bell.verdict === 'run') || bell.kind === 'taken' || bell.kind === 'recovered'
  );
}

function gives(bell: LockBell, slot: number | null, recovered: boolean): boolean {
  if (slot === null) return bell.kind === 'taken';
  return recovered ? bell.kind === 'recovered' : bell.kind === 'claim' && bell.slot === slot;
}

function told({ member, slot, demandedAt }: Run): string {
  return slot === null ? `the demand of ${demandedAt} in ${member}` : `slot ${slot} in ${member}`;
}
