import type { InstanceInfo, JobInfo, PausedInfo, RunRecord } from '../info';
import { wholeNumber } from '../redis/bounds';
import { covers, type Pause, parsePause } from '../redis/pause-records';
import { isFailure, type OpenRun, parseNotes, parseRecord } from '../redis/records';
import { slotsFrom } from '../schedule/next-slots';
import { parsePlan } from '../schedule/schedule';
import { wordsOf } from '../schedule/words';
import { FIRED } from '../scripts/generated';
import type { Shared } from '../shared';
import { type Deaths, idOf } from './deaths';
import type { InspectionStore, StoredLock } from './reads';
import type { Roll, RollCall } from './roll-call';

/** The fleet at one moment. */
export interface Seen extends Roll {
  /** By name. */
  jobs: JobInfo[];
  /** ms since the epoch on Redis' clock. */
  now: number;
}

/** The state and history of the fleet. Everything is read on request. Rejects if Redis refuses. */
export class Overview {
  constructor(
    private readonly shared: Pick<Shared, 'store' | 'clock'>,
    private readonly reads: InspectionStore,
    private readonly roll: RollCall,
    private readonly deaths: Deaths,
  ) {}

  async fleet(): Promise<InstanceInfo[]> {
    return (await this.roll.call()).instances;
  }

  /** The fleet, and whether it could answer. */
  callRoll(): Promise<Roll> {
    return this.roll.call();
  }

  /** The fleet, and whether all of it has answered. */
  wholeRoll(): Promise<Roll> {
    return this.roll.whole();
  }

  /** The last runs of a job, newest first. */
  async history(name: string, last: number): Promise<RunRecord[]> {
    const { reads } = this;
    const [kept, counts] = await Promise.all([reads.history(name, last), reads.note('counts', name)]);
    const open = parseNotes(counts ?? '');
    if (open.length > 0) {
      const lock = (await reads.locks([name])).get(name);
      const suspects = open.flatMap(({ token }) => (token === lock?.token ? [] : [[token, name] as const]));
      if ((await this.deaths.resolve(new Map(suspects))) > 0) return this.history(name, last);
    }
    return kept.flatMap(({ run, details }) => parseRecord(run, details) ?? []);
  }

  /** The next slots of a job. */
  async next(name: string, count: number): Promise<number[]> {
    const { clock, store } = this.shared;
    const [stored, [pause = null]] = await Promise.all([
      this.reads.plan(name),
      store.pausesOf([name]),
      clock.known || store.readClock(),
    ]);
    const { plan, nextSlot } = planOf(stored?.text, stored?.slot, pause);
    const schedule = plan === null || nextSlot === null ? null : parsePlan(plan);
    if (!schedule || nextSlot === null) return [];
    const now = this.shared.clock.now();
    return slotsFrom(schedule, nextSlot > now ? nextSlot : schedule.next(nextSlot, now), count);
  }

  /** The last runs of a job without their stacks and causes, newest first. Does not check for runs that died. */
  async recent(name: string, last: number): Promise<RunRecord[]> {
    const kept = await this.reads.history(name, last);
    return kept.flatMap(({ run }) => parseRecord(run) ?? []);
  }

  /** By name. */
  async jobs(): Promise<JobInfo[]> {
    return (await this.look()).jobs;
  }

  /** The jobs, and the instances that answered meanwhile. */
  async look(): Promise<Seen> {
    const { reads } = this;
    const [{ instances, silence }, slots, plans, demands, pauses, runs, counts] = await Promise.all([
      this.roll.call(),
      reads.slots(),
      reads.hash('plans'),
      reads.hash('demands'),
      reads.hash('paused'),
      reads.notes('runs'),
      reads.notes('counts'),
      this.shared.clock.known || this.shared.store.readClock(),
    ]);
    const hirers = hirersIn(instances);
    const waiting = [...demands.keys()].filter((name) => !demands.get(name)?.startsWith('idle'));
    const paused = pausesIn(pauses, this.shared.clock.now());
    const kept = [slots, plans, runs, counts, hirers].flatMap((part) => [...part.keys()]);
    const names = [...new Set([...kept, ...waiting, ...paused.keys()])].sort();
    const locks = await reads.locks(names);
    const suspects = new Map<string, string>();
    const present = new Set(instances.map(({ id }) => id));
    for (const [name, text] of counts) {
      for (const { token } of parseNotes(text)) {
        if (token !== locks.get(name)?.token && !present.has(idOf(token))) suspects.set(token, name);
      }
    }
    if (suspects.size > 0 && (await this.deaths.resolve(suspects)) > 0) return this.look();
    const now = this.shared.clock.now();
    const goingOn = runsIn(instances);
    const jobs = names.map((name): JobInfo => {
      const lock = locks.get(name) ?? null;
      const hiredBy = hirers.get(name) ?? [];
      const pause = parsePause(pauses.get(name));
      const plan = planOf(plans.get(name), slots.get(name), pause);
      const isPlanned = plan.plan !== null && !plan.fired;
      const note = runs.get(name);
      const lastRun = note === undefined ? null : parseRecord(note);
      return {
        name,
        ...plan,
        paused: paused.get(name) ?? null,
        demandedSince: demandedSince(demands.get(name), lock),
        running: runningOf(lock, goingOn.get(name) ?? [], parseNotes(counts.get(name) ?? ''), now),
        lastRun,
        orphaned: silence === null && isPlanned && !hiredBy.some(({ planned }) => planned),
        hiredBy: hiredBy.map(({ id }) => id),
        hirersKnown: silence === null,
        overdue: plan.nextSlot !== null && plan.nextSlot < now ? now - plan.nextSlot : null,
        ...countsOf(counts.get(name), lastRun),
      };
    });
    if (silence !== null || !jobs.some(isLonely)) return { jobs, instances, silence, now };
    const mute = await this.roll.mute(instances);
    const known = jobs.map((job) =>
      mute !== null && isLonely(job) ? { ...job, orphaned: false, hirersKnown: false } : job,
    );
    return { jobs: known, instances, silence: mute, now };
  }
}

/** Whether no instance that answered runs the slots or the demand of a job that has one. */
function isLonely({ orphaned, demandedSince, hiredBy }: JobInfo): boolean {
  return orphaned || (demandedSince !== null && hiredBy.length === 0);
}

type GoingOn = InstanceInfo['running'][number] & Pick<OpenRun, 'host' | 'pid'> & { by: string };

function runsIn(instances: readonly InstanceInfo[]): Map<string, GoingOn[]> {
  const runs = new Map<string, GoingOn[]>();
  for (const { id, host, pid, running } of instances) {
    for (const run of running)
      runs.set(run.job, [...(runs.get(run.job) ?? []), { ...run, by: id, host, pid }]);
  }
  return runs;
}

/** The instances that hire each job, and whether with a plan. */
function hirersIn(instances: readonly InstanceInfo[]): Map<string, { id: string; planned: boolean }[]> {
  const hirers = new Map<string, { id: string; planned: boolean }[]>();
  for (const { id, jobs } of instances) {
    for (const { name, plan } of jobs) {
      const hirer = { id, planned: plan !== null };
      const others = hirers.get(name);
      if (others) others.push(hirer);
      else hirers.set(name, [hirer]);
    }
  }
  return hirers;
}

/** Jobs that are paused now. */
function pausesIn(stored: ReadonlyMap<string, string>, now: number): Map<string, PausedInfo> {
  const pauses = new Map<string, PausedInfo>();
  for (const [name, text] of stored) {
    const pause = parsePause(text);
    if (!pause || !covers(pause, now)) continue;
    const { since, ends, by, note } = pause;
    pauses.set(name, { since, until: ends < FIRED ? ends : null, note, by });
  }
  return pauses;
}

type PlanInfo = Pick<JobInfo, 'plan' | 'words' | 'tz' | 'nextSlot' | 'fired'>;

/** Parses a plan like the scripts: a plan without a slot, or an invalid value, counts as none. */
function planOf(stored: string | undefined, slot: number | undefined, pause: Pause | null): PlanInfo {
  const text = /^\d+\|([^|]*)\|[^|]*\|[^|]*\|[^|]*$/.exec(stored ?? '')?.[1];
  if (text === undefined || slot === undefined || !(slot >= 0)) {
    return { plan: null, words: null, tz: null, nextSlot: null, fired: false };
  }
  const fired = slot >= FIRED;
  const nextSlot = fired ? null : unpaused(text, slot, pause);
  return { plan: text || null, ...wordsOf(text), nextSlot, fired };
}

/** The slot, or the first one after the pause that covers it; null if that has no end. */
function unpaused(plan: string, slot: number, pause: Pause | null): number | null {
  if (!pause || !covers(pause, slot)) return slot;
  if (pause.ends >= FIRED) return null;
  return parsePlan(plan)?.next(slot, pause.ends - 1) ?? null;
}

function demandedSince(stored: string | undefined, lock: StoredLock | null): number | null {
  const [, state, at, token] = /^(\w+)\|(\d{1,15})\|(\w*)\|/.exec(stored ?? '') ?? [];
  // A taken demand is waiting again if its taker's lock is gone.
  const waits = state === 'noted' || (state === 'taken' && token !== lock?.token);
  return waits ? Number(at) : null;
}

/**
 * Of several concurrent runs, the lock decides which one to show. If its instance is gone or does not answer, the run's
 * note has more details.
 */
function runningOf(
  lock: StoredLock | null,
  goingOn: readonly GoingOn[],
  open: readonly OpenRun[],
  now: number,
): JobInfo['running'] {
  if (lock) {
    const by = idOf(lock.token);
    const note = open.find(({ token }) => token === lock.token);
    const own = goingOn.filter((run) => run.by === by).sort((a, b) => b.since - a.since)[0] ?? note;
    const { since = null, host = null, pid = null } = own ?? {};
    return { by, host, pid, since, lockRestMs: lock.restMs };
  }
  // A run without its lock has outlived it, or has just settled: then its lock would not have expired yet.
  const [longest] = goingOn.filter((run) => run.lockEndsAt <= now).sort((a, b) => a.since - b.since);
  if (!longest) return null;
  const { by, host, pid, since } = longest;
  return { by, host, pid, since, lockRestMs: 0 };
}

type Counts = Pick<JobInfo, 'runs' | 'failures' | 'failuresInARow' | 'skips'>;

function countsOf(stored: string | undefined, lastRun: RunRecord | null): Counts {
  const [, runs, failures, skips] = /^(\d+)\|(\d+)\|(\d+)\|/.exec(stored ?? '') ?? [];
  // After the notes, whose text others may have written.
  const [, row] = /\|[^|]*\brow:(\d+)[^|]*$/.exec(stored ?? '') ?? [];
  // Version 2.0.0 does not count them.
  const failuresInARow = lastRun !== null && isFailure(lastRun) ? Math.max(1, countFrom(row)) : 0;
  return { runs: countFrom(runs), failures: countFrom(failures), failuresInARow, skips: countFrom(skips) };
}

/** Parses a count; 0 for an invalid one. */
function countFrom(digits: string | undefined): number {
  const count = wholeNumber(digits ?? '0');
  return Number.isNaN(count) ? 0 : count;
}
