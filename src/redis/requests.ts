import type { Pause } from './pause-records';

/** What a claim is asked with; see scripts/claim.lua. */
export interface ClaimRequest {
  name: string;
  stamp: number;
  /** The slot as this instance knows it, in ms on Redis' clock. */
  expected: number;
  everyMs: number | null;
  /** The next slot of a cron plan. */
  next: number;
  token: string;
  ttlMs: number;
  /** A slot later than this is skipped; null: never. */
  skipAfterMs: number | null;
  /** So long before the slot it may be claimed. */
  earlyMs: number;
  /** Nobody goes first at the next slot. */
  open: boolean;
  /** How many instances heard our last bell; 0: unknown. */
  listeners: number;
  noted: NotedRun;
  /** A pause that keeps the slot from being run, as far as this instance knows; null: it knows of none. */
  pause: Pause | null;
  /**
   * The token with which this instance won the slot `expected`, if its lock ended before it could begin: in one step the
   * slot is given back and claimed again. Null: this is the first claim of the slot.
   */
  again: string | null;
}

/** How a run is noted in Redis until it is settled. */
export interface NotedRun {
  /** It is run once more when it dies. */
  recover: boolean;
  /** How many runs the job's history keeps, should this one have to be recorded by another instance. */
  history: number;
}

/** What a run is settled with; see scripts/settle.lua. */
export interface SettleRequest {
  name: string;
  token: string;
  /** ms on Redis' clock. */
  startedAt: number;
  /** The run's record, as JSON; '': what was won was not run. */
  run: string;
  /** What is known of an error besides its message, as JSON; '': nothing. */
  details: string;
  /** A demand that waits is for somebody else. */
  leaving: boolean;
  listeners: number;
  sequence: number;
  failed: boolean;
  /** How many runs the job's history keeps. */
  history: number;
  /** `stopped` and `going`: quit gave up on the run, and its work has ended since, or goes on. */
  work: 'over' | 'stopped' | 'going';
}

/** How a demand is taken in the step that makes it. */
export interface OwnDemand {
  token: string;
  ttlMs: number;
  noted: NotedRun;
}
