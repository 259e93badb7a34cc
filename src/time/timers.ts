import { performance } from 'node:perf_hooks';
import timers from 'node:timers';

/** ms; the longest wait that a timer can hold: a longer one would fire at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;

// Taken when the package is loaded: a program's tests may replace the timers of their own code later, and a schedule follows
// Redis' clock, which fake timers do not move. A test keeps the rest of src/ from using the globals.
const { setTimeout, setInterval, clearTimeout, clearInterval } = timers;
const now = performance.now.bind(performance);

/** As `setImmediate` and `process.nextTick` of Node. */
export const { setImmediate } = timers;
export const nextTick = process.nextTick.bind(process);

/** As `queueMicrotask` of Node. */
export function soon(call: () => void): void {
  // A promise that is kept would keep the async context in which this module was loaded.
  void Promise.resolve().then(call);
}

/** The process's monotonic clock, in ms. */
export function monotonicMs(): number {
  return now();
}

/** A wait that goes on. */
export type Timer = ReturnType<typeof setTimeout>;

/**
 * Calls once, after `ms`, and never early by the process's clock: part of a millisecond counts as a whole one. What is
 * longer than a timer can hold, some 25 days, is cut off there, so who waits for a time looks at the clock when called.
 */
export function after(ms: number, call: () => void): Timer {
  return setTimeout(call, clamped(ms));
}

/** Calls every `ms`, with the bounds of `after`. */
export function each(ms: number, call: () => void): Timer {
  return setInterval(call, clamped(ms));
}

/** Ends a wait, if there is one. */
export function cancel(timer: Timer | null | undefined): void {
  if (!timer) return;
  clearTimeout(timer);
  clearInterval(timer);
}

/** Resolves when the promise does, at the latest after `ms`. */
export async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: Timer | undefined;
  const late = new Promise<void>((resolve) => {
    timer = after(ms, resolve);
  });
  await Promise.race([promise, late]);
  cancel(timer);
}

/** NaN is no time at all, as it is to the timers themselves. */
function clamped(ms: number): number {
  return Math.min(LONGEST_TIMER, Math.max(1, Math.ceil(ms) || 1));
}
