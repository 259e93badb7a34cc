import type { Told } from './history';

/** A message from the conductor to a member. */
export type Order =
  | { order: 'hire' | 'fire' | 'demand' | 'resume' | 'forget'; job: string }
  /** `ms`: for how long; null: until it is resumed. */
  | { order: 'pause'; job: string; ms: number | null }
  | { order: 'stall'; ms: number }
  /** `timeout`: what quit is given, in ms; null: nothing. */
  | { order: 'quit'; timeout: number | null };

/** A message from a member to the conductor, stamped with the machine's monotonic clock, in ms. */
export type Report = Told & { stamp: number };

/** How a member is started; in its environment, as JSON. */
export interface MemberTask {
  port: number;
  prefix: string;
  /** How many runs it may have at a time; null: any number. */
  concurrency: number | null;
  /** Jobs to hire at once. */
  hires: string[];
}

/** A clock that all processes of a machine share, and that no skew reaches. */
export function stamp(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
