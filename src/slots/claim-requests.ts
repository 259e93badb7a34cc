import type { Job, KnownPlan } from '../job';
import type { PausedJobs } from '../plans/paused-jobs';
import type { ClaimReply } from '../redis/replies';
import type { ClaimRequest, NotedRun } from '../redis/requests';
import type { Schedule } from '../schedule/schedule';
import type { Shared } from '../shared';
import { latestMs, slotWithin } from './misfires';

/**
 * ms before the slot at which it is claimed, so that the way to Redis and back is over when it comes: what a timer of node
 * is late, and a round trip. What is won waits here for its time.
 */
export const EARLY = 1.75;
/** ms that Redis' clock may be behind what we believe; a cron slot in between is not passed over. */
export const CLOCK_ERROR = 20;
/** An instance that went first steps back once in so many claims, so that new instances get their share. */
export const STEPS_BACK_ONCE_IN = 50;

/** A slot that was won, and could not begin before its lock ended. */
export interface LateSlot {
  slot: number;
  /** The slot that its claim set as the next one. */
  next: number;
  stamp: number;
  /** Of the lock that has ended. */
  token: string;
  noted: NotedRun;
}

/** What a claim is made from. */
export interface Asked {
  job: Job;
  known: KnownPlan;
  schedule: Schedule;
  token: string;
  /** ms that Redis' clock may be behind what we believe. */
  clockError: number;
  /** Null: this is the first claim of the slot. */
  late: LateSlot | null;
}

export function claimRequest(
  { clock, fleetSize }: Pick<Shared, 'clock' | 'fleetSize'>,
  paused: PausedJobs,
  { job, known, schedule, token, clockError, late }: Asked,
): ClaimRequest {
  const { ttlMs, misfire } = job.settings;
  const { everyMs } = schedule;
  const now = clock.now();
  const due = late?.slot ?? known.slot;
  // Somebody was there, without room: it is late, and not missed.
  const isCrowded = job.crowdedAt === due;
  const expected = late || isCrowded ? due : slotWithin(misfire, schedule, due, now);
  return {
    name: job.name,
    stamp: known.stamp,
    expected,
    everyMs,
    next: everyMs === null ? schedule.next(expected, Math.max(expected, now - clockError)) : 0,
    token,
    ttlMs,
    skipAfterMs: isCrowded ? null : latestMs(misfire),
    // The script's clock counts whole ms.
    earlyMs: Math.ceil(EARLY),
    open: !fleetSize.alone && Math.random() * STEPS_BACK_ONCE_IN < 1,
    listeners: fleetSize.count,
    noted: late?.noted ?? job.settings,
    pause: paused.covers(job.name, expected) ? paused.of(job.name) : null,
    again: late?.token ?? null,
  };
}

/** A slot that was won by this claim, and whose lock has ended. */
export function lateSlot({ token, noted }: ClaimRequest, { claimed, slot, stamp }: ClaimReply): LateSlot {
  return { slot: claimed, next: slot, stamp, token, noted };
}
