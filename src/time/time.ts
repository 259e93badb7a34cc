import { after, cancel, each, monotonicMs, type Timer, within } from './timers';

/**
 * An instance's clock and timers: the process's, or those of a fleet in memory, which a test advances. Code outside
 * instances, such as connection timeouts, uses `timers` directly.
 */
export interface Time {
  /** Whether a test moves the time. Then everything that happens at one moment takes no time. */
  readonly isMoved: boolean;
  /** A monotonic clock, in ms. */
  readonly monotonic: () => number;
  /** The wall clock, in ms since the epoch. */
  wall(): number;
  /** This and the next three are the functions of the same names in `timers`. */
  after(ms: number, call: () => void): Timer;
  each(ms: number, call: () => void): Timer;
  cancel(timer: Timer | null | undefined): void;
  within(ms: number, promise: Promise<unknown>): Promise<void>;
  /**
   * A short wait within a user's call, for other instances to act. If a test moves the time, the wait ends by itself, because
   * the test awaits the call and cannot move the time meanwhile.
   */
  brief(ms: number, call: () => void): Timer;
  /** Calls the chain of a run. Advancing the time waits until the chain has settled, or waits for that time. */
  work<T>(run: object, chain: () => Promise<T>): Promise<T>;
}

/** The process's clock and timers. */
export const PROCESS_TIME: Time = {
  isMoved: false,
  monotonic: monotonicMs,
  wall: () => Date.now(),
  after,
  each,
  cancel,
  within,
  brief: after,
  work: (_run, chain) => chain(),
};
