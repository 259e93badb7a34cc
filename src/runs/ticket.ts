import type { Job } from '../job';
import type { Places } from './places';

/** A lock won by a claim or a take. Times are ms on Redis' clock. */
export interface Lease {
  token: string;
  lockedAt: number;
  lockEndsAt: number;
}

/** A slot or a demand that this instance has won, with the job's lock. The lock's end moves as it is renewed. */
export interface Ticket extends Lease {
  slot: number | null;
  demandedAt: number | null;
  /** The slot or demand was run before, by an instance that died or quit during the run. */
  recovered: boolean;
}

/** Receives the slots and demands that were won. */
export interface Handover {
  /** Runs it now. Must not be called if `hasGivenUp`. */
  won: (job: Job, ticket: Ticket) => void;
  /** Whether quit has given up on the runs, so that none may begin: what is won is left to other instances. */
  hasGivenUp: () => boolean;
  /** It does not run, because it was fired, abandoned or too late: releases the lock that has this token. */
  notRun: (job: Job, token: string) => void;
  /** How many runs are in progress in this instance. */
  busy: () => number;
  /** A claim or take needs a place here before it is sent. */
  readonly places: Places;
}
