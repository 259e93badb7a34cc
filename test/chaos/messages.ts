import type { Told } from './history';

/** A message from the conductor to a member. */
export type Order =
  | { order: 'hire' | 'fire' | 'demand' | 'resume' | 'forget'; job: string }
  /** `ms`: the length of the pause; null: until the job is resumed. */
  | { order: 'pause'; job: string; ms: number | null }
  | { order: 'stall'; ms: number }
  /** `timeout`: the option of `quit`, in ms; null: it is not set. */
  | { order: 'quit'; timeout: number | null };

/** A message from a member to the conductor, stamped with the machine's monotonic clock, in ms. */
export type Report = Told & { stamp: number };

/** What a member needs to start; passed to it as JSON in its environment. */
export interface MemberTask {
  port: number;
  prefix: string;
  /** The option `concurrency`; null: no limit. */
  concurrency: number | null;
  /** The jobs to hire at the start. */
  hires: string[];
}

/** A clock that all processes of the machine share, and that `skew.ts` does not change. */
export function stamp(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
