import type { Pause } from './pause-records';

/** The arguments of a claim; see scripts/claim.lua. */
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
  /** Skip a slot that is later than this; null: never. */
  skipAfterMs: number | null;
  /** How long before the slot it may be claimed. */
  earlyMs: number;
  /** No instance has priority at the next slot. */
  open: boolean;
  /** The number of instances that received our last bell; 0 if unknown. */
  listeners: number;
  noted: NotedRun;
  /** The pause that covers the slot, as far as this instance knows; null: none. */
  pause: Pause | null;
  /**
   * The token with which this instance won the slot `expected`, if its lock expired before the run could start: the
   * script releases the slot and claims it again in one step. Null: this is the first claim of the slot.
   */
  again: string | null;
}

/** How to note a run in Redis until it is settled. */
export interface NotedRun {
  /** Whether to run it again if its process dies. */
  recover: boolean;
  /** The size of the job's history, in case another instance has to record this run. */
  history: number;
}

/** The arguments of settle; see scripts/settle.lua. */
export interface SettleRequest {
  name: string;
  token: string;
  /** ms on Redis' clock. */
  startedAt: number;
  /** The run's record, as JSON; '': what was claimed or taken did not run. */
  run: string;
  /** The error's details besides its message, as JSON; '': none. */
  details: string;
  /** This instance is quitting and leaves a waiting demand to others. */
  leaving: boolean;
  listeners: number;
  sequence: number;
  failed: boolean;
  /** The number of runs in the job's history. */
  history: number;
  /** `stopped`, `going`: quit gave up on the run, and its work has ended since, or still runs. */
  work: 'over' | 'stopped' | 'going';
}

/** How to take a demand in the step that notes it. */
export interface OwnDemand {
  token: string;
  ttlMs: number;
  noted: NotedRun;
}
