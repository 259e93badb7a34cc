import { after, cancel, each, monotonicMs, type Timer, within } from './timers';

/**
 * The time in which an instance lives: the process's, or that of a fleet in memory, which a test moves. What is not about
 * an instance, such as a connection's timeouts, uses `timers` directly.
 */
export interface Time {
  /** Somebody moves it, and everything that happens in one moment of it takes no time. */
  readonly isMoved: boolean;
  /** A monotonic clock, in ms. */
  readonly monotonic: () => number;
  /** The wall clock, in ms since the epoch. */
  wall(): number;
  /** See `timers`, as for the next three. */
  after(ms: number, call: () => void): Timer;
  each(ms: number, call: () => void): Timer;
  cancel(timer: Timer | null | undefined): void;
  within(ms: number, promise: Promise<unknown>): Promise<void>;
  /**
   * A short wait within a call of the user's, for what others do meanwhile. Where the time is moved, it ends by itself, as
   * whoever awaits the call does not move it.
   */
  brief(ms: number, call: () => void): Timer;
  /** Calls the chain of a run. Whoever moves the time waits until it has settled, or waits for that time. */
  work<T>(run: object, chain: () => Promise<T>): Promise<T>;
}

/** The process's own. */
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
