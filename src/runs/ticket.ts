import type { Job } from '../job';
import type { Places } from './places';

/** A lock that a claim or a take has won. Times are ms on Redis' clock. */
export interface Lease {
  token: string;
  lockedAt: number;
  lockEndsAt: number;
}

/** A slot or a demand that this instance has won, with the job's lock. The lock's end moves as it is renewed. */
export interface Ticket extends Lease {
  slot: number | null;
  demandedAt: number | null;
  /** The slot was run before, by an instance that died in it. */
  recovered: boolean;
}

/** What becomes of what slots, demands and recoveries have won. */
export interface Handover {
  /** It is run now. */
  won: (job: Job, ticket: Ticket) => void;
  /** It does not begin, as it was fired, abandoned or too late: the lock that the token has is given back. */
  notRun: (job: Job, token: string) => void;
  /** Runs that go on in this instance. */
  busy: () => number;
  /** Where there has to be room before anything is won. */
  readonly places: Places;
}
