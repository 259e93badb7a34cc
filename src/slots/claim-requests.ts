import type { Job, KnownPlan } from '../job';
import type { PausedJobs } from '../plans/paused-jobs';
import type { ClaimReply } from '../redis/replies';
import type { ClaimRequest, NotedRun } from '../redis/requests';
import type { Schedule } from '../schedule/schedule';
import type { Shared } from '../shared';
import { latestMs, slotWithin } from './misfires';

/**
 * How many ms before its time a slot is claimed, to allow for a late timer and a round trip to Redis. A slot that was won then
 * waits for its time.
 */
export const EARLY = 1.75;
/** How many ms Redis' clock may be behind our estimate; a cron slot in between is not passed over. */
export const CLOCK_ERROR = 20;
/** An instance that goes first steps back once in this many claims, so that new instances get their share. */
export const STEPS_BACK_ONCE_IN = 50;

/** A slot that was won, but could not begin before its lock expired. */
export interface LateSlot {
  slot: number;
  /** The next slot, as set by its claim. */
  next: number;
  stamp: number;
  /** The token of the expired lock. */
  token: string;
  noted: NotedRun;
}

/** The input of a claim. */
export interface Asked {
  job: Job;
  known: KnownPlan;
  schedule: Schedule;
  token: string;
  /** How many ms Redis' clock may be behind our estimate. */
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
  // An instance was running but had no room, so the slot is late, not missed.
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

/** The slot that this claim won, and whose lock has expired. */
export function lateSlot({ token, noted }: ClaimRequest, { claimed, slot, stamp }: ClaimReply): LateSlot {
  return { slot: claimed, next: slot, stamp, token, noted };
}
