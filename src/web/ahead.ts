import { parsePlan } from '../schedule/schedule';
import { turns } from '../time/turns';
import type { AheadReply, JobSummary } from './api';

/** How far ahead slots are shown, in ms. */
const SPAN = 24 * 60 * 60 * 1000;
/** Maximum number of slots of one job, and of all jobs. */
const MOST_OF_A_JOB = 300;
const MOST = 30_000;
/** Slots that are computed in one slice: one slot of a pattern may take about 50 µs. */
const STRETCH = 20;

/** The slots of the next 24 hours. They are computed in slices, because the process may have jobs to start. */
export async function slotsAhead(jobs: readonly JobSummary[], now: number): Promise<AheadReply> {
  const until = now + SPAN;
  const found: AheadReply['jobs'] = [];
  let rest = MOST;
  // Many jobs may have the same plan, and so the same slots.
  const known = new Map<string, { slots: number[]; more: boolean }>();
  for (const { name, plan, nextSlot } of jobs) {
    if (plan === null || nextSlot === null || nextSlot >= until) continue;
    const key = `${nextSlot} ${plan}`;
    const ahead = known.get(key) ?? (await slotsOf(plan, nextSlot, now, until));
    known.set(key, ahead);
    const slots = ahead.slots.slice(0, rest);
    rest -= slots.length;
    found.push({ name, slots, more: ahead.more || slots.length < ahead.slots.length });
  }
  return { now, until, jobs: found };
}

/** The coming slots of a plan, at most `count`. */
export function slotsAfter(plan: string, first: number, now: number, count: number): number[] {
  const schedule = parsePlan(plan);
  const slots: number[] = [];
  if (!schedule) return slots;
  for (let slot = first > now ? first : schedule.next(first, now); slots.length < count; ) {
    slots.push(slot);
    slot = schedule.next(slot, slot);
  }
  return slots;
}

async function slotsOf(
  plan: string,
  first: number,
  now: number,
  until: number,
): Promise<{ slots: number[]; more: boolean }> {
  const slots: number[] = [];
  let from = first;
  let more = true;
  while (more && slots.length < MOST_OF_A_JOB) {
    const stretch = await turns.call(() => slotsOrNone(plan, from, from === first ? now : from, STRETCH));
    const [last] = stretch.slice(-1);
    for (const slot of stretch) if (slot < until) slots.push(slot);
    more = last !== undefined && last < until;
    if (last !== undefined) from = last;
  }
  return { slots, more };
}

/** Empty if the pattern has no more slots. */
function slotsOrNone(plan: string, first: number, now: number, count: number): number[] {
  try {
    return slotsAfter(plan, first, now, count);
  } catch {
    return [];
  }
}
