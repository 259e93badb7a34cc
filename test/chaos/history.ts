import type Bossman from '../../src';
import type { Bell } from '../../src/hints/bell';
import type { RunRecord } from '../../src/info';
import type { Jobs } from './jobs';

/** The fields that all entries of a run share. */
export interface RunOf {
  job: string;
  /** null for a demand. */
  slot: number | null;
  demandedAt: number | null;
  recovered: boolean;
  /** The number of the run within its member. */
  run: number;
}

/** A call of the API. */
export type Verb = 'hire' | 'fire' | 'demand' | 'pause' | 'resume' | 'forget';

/** What a member process reports. */
export type Told =
  /** `work` began, and ended. Both are stamped inside `work`, while the run holds its lock. */
  | ({ kind: 'began' } & RunOf)
  | ({ kind: 'ended' } & RunOf)
  | { kind: 'start'; event: Bossman.RunEvent }
  | { kind: 'finish'; event: Bossman.FinishEvent }
  | { kind: 'fail'; event: Omit<Bossman.FailEvent, 'cause'> }
  | { kind: 'skip'; event: Bossman.SkipEvent }
  | { kind: 'lost'; event: Bossman.LostEvent }
  | { kind: 'error'; message: string }
  /**
   * A call of the API, and how its promise settled. `ms`: how long the job is paused; absent if it is paused until it is
   * resumed.
   */
  | { kind: 'called'; call: number; verb: Verb; job: string; ms?: number }
  | { kind: 'resolved'; call: number }
  | { kind: 'rejected'; call: number; message: string }
  /** `caller`: its id on the bell. `concurrency`: how many runs it may have at a time; absent if there is no limit. */
  | { kind: 'joined'; caller: string; concurrency?: number }
  /** The promise of its `quit` has settled. */
  | { kind: 'left' }
  | { kind: 'stalled' }
  | { kind: 'moves' };

/** What the conductor does to a member. Each is recorded before it is done, but `thawed` and `gone` afterwards. */
export type Done =
  | { kind: 'frozen' }
  | { kind: 'thawed' }
  | { kind: 'killed' }
  | { kind: 'leaving' }
  /** The process has ended. */
  | { kind: 'gone'; how: string };

/** What the conductor does to Redis. Each is recorded before it is done, but `up` and `refilled` afterwards. */
export type RedisState = 'up' | 'down' | 'emptied' | 'refilled' | 'cut';

/**
 * One thing that happened. `at` is in ms on Redis' clock, as precisely as a process on the same machine can measure it. If a
 * bell has an `at` of its own, that is Redis' own time.
 */
export type Entry =
  | ({ at: number; member: string } & (Told | Done))
  | { at: number; kind: 'bell'; bell: Bell }
  /** The data is lost at some time between `emptied` and `refilled`. Redis does not answer between `down` and `up`. */
  | { at: number; kind: 'redis'; state: RedisState }
  | { at: number; kind: 'fault'; what: string }
  /** From here on, there are no more faults. */
  | { at: number; kind: 'calm' }
  | { at: number; kind: 'end' }
  /** A run that is in the history of its job at the end; `at`: when it was recorded. */
  | { at: number; kind: 'record'; job: string; record: RunRecord }
  /** An inspection has looked at all jobs, and every record has been read. */
  | { at: number; kind: 'inspected' };

/** The entries are in the order in which the conductor received them, which is not always the order of `at`. */
export interface History {
  jobs: Jobs;
  entries: Entry[];
}

export type Rule =
  | 'doubled'
  | 'unclaimed'
  | 'lost'
  | 'restarted'
  | 'unrecovered'
  | 'drifted'
  | 'late'
  | 'stopped'
  | 'demand lost'
  | 'demand doubled'
  | 'fired'
  | 'paused'
  | 'forgotten'
  | 'crowded'
  | 'overlap'
  | 'untold'
  | 'misreported'
  | 'unreported'
  | 'unrecorded'
  | 'misrecorded'
  | 'died';

/** A guarantee that was broken. */
export interface Violation {
  rule: Rule;
  job: string;
  /** ms on Redis' clock: where in the history to look. */
  at: number;
  message: string;
}

/** Entries of one kind, typed. */
export function only<K extends Entry['kind']>(entries: Entry[], kind: K): Extract<Entry, { kind: K }>[] {
  return entries.filter((entry): entry is Extract<Entry, { kind: K }> => entry.kind === kind);
}

/** Bells of one kind, typed. */
export function rung<K extends Bell['kind']>(entries: Entry[], kind: K): Extract<Bell, { kind: K }>[] {
  return only(entries, 'bell')
    .map(({ bell }) => bell)
    .filter((bell): bell is Extract<Bell, { kind: K }> => bell.kind === kind);
}
