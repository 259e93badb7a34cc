import type Bossman from '../../src';
import type { Bell } from '../../src/hints/bell';
import type { RunRecord } from '../../src/info';
import type { Jobs } from './jobs';

/** What a run's entries have in common. */
export interface RunOf {
  job: string;
  /** null: a demand's. */
  slot: number | null;
  demandedAt: number | null;
  recovered: boolean;
  /** Tells the runs of one member apart. */
  run: number;
}

/** A call of the API. */
export type Verb = 'hire' | 'fire' | 'demand' | 'pause' | 'resume' | 'forget';

/** What a member process reports. */
export type Told =
  /** `work` was entered, and left; stamped inside it, so while the run holds its lock. */
  | ({ kind: 'began' } & RunOf)
  | ({ kind: 'ended' } & RunOf)
  | { kind: 'start'; event: Bossman.RunEvent }
  | { kind: 'finish'; event: Bossman.FinishEvent }
  | { kind: 'fail'; event: Omit<Bossman.FailEvent, 'cause'> }
  | { kind: 'skip'; event: Bossman.SkipEvent }
  | { kind: 'lost'; event: Bossman.LostEvent }
  | { kind: 'error'; message: string }
  /** A call of the API, and its promise. `ms`: for how long the job is paused, where it is for a time. */
  | { kind: 'called'; call: number; verb: Verb; job: string; ms?: number }
  | { kind: 'resolved'; call: number }
  | { kind: 'rejected'; call: number; message: string }
  /** `caller`: what the bell calls it. `concurrency`: how many runs it may have at a time, where there is a limit. */
  | { kind: 'joined'; caller: string; concurrency?: number }
  /** Its quit has settled. */
  | { kind: 'left' }
  | { kind: 'stalled' }
  | { kind: 'moves' };

/** What the conductor does to a member. Each is noted before it is done, `thawed` and `gone` after it. */
export type Done =
  | { kind: 'frozen' }
  | { kind: 'thawed' }
  | { kind: 'killed' }
  | { kind: 'leaving' }
  /** The process is no more. */
  | { kind: 'gone'; how: string };

/** What the conductor does to Redis; noted before it is done, `up` and `refilled` after it. */
export type RedisState = 'up' | 'down' | 'emptied' | 'refilled' | 'cut';

/**
 * One thing that happened. `at` is in ms on Redis' clock, as nearly as a process on the same machine can tell; a bell's
 * own `at`, where it has one, is Redis' own.
 */
export type Entry =
  | ({ at: number; member: string } & (Told | Done))
  | { at: number; kind: 'bell'; bell: Bell }
  /** `emptied` … `refilled`: in between the data went; `down` … `up`: nothing answers. */
  | { at: number; kind: 'redis'; state: RedisState }
  | { at: number; kind: 'fault'; what: string }
  /** From here on nothing is done to anybody. */
  | { at: number; kind: 'calm' }
  | { at: number; kind: 'end' }
  /** A run on record when all was over; `at`: when it was recorded. */
  | { at: number; kind: 'record'; job: string; record: RunRecord }
  /** An inspection has looked at all jobs, and every record has been read. */
  | { at: number; kind: 'inspected' };

/** In the order in which the conductor heard of it, which is not always that of `at`. */
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

/** What should not be. */
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
