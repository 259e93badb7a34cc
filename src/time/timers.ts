import { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import timers from 'node:timers';
import { MessageChannel } from 'node:worker_threads';

/** ms; the longest delay of a timer: a longer one would fire immediately. */
export const LONGEST_TIMER = 2 ** 31 - 1;

// Captured when the package is loaded, because a program's tests may replace timers later, and a schedule follows
// Redis' clock, which fake timers do not move. A test keeps the rest of src/ from using the globals.
const { setTimeout, setInterval, clearTimeout, clearInterval } = timers;
const { now } = performance;

/**
 * Whether fake timers were installed before the package was loaded. They may never fire, even after they were removed,
 * so nothing that they replace is used. The timeout of a socket is used instead: it needs no connection, and Node sets
 * it itself.
 */
const replaced = areReplaced();

/** Like Node's `setImmediate`. */
export const setImmediate: (call: () => void) => void = replaced
  ? (call) => void after(0, call)
  : timers.setImmediate;

/** Resolves in a later turn of the event loop, even if timers were replaced before the package was loaded. */
export function macrotask(): Promise<void> {
  if (!replaced) return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => {
    posted.push(resolve);
    channel ??= openChannel();
    // It keeps the process alive while a message is on its way, and no longer.
    channel.port1.ref();
    channel.port2.postMessage(null);
  });
}

/** Made when it is needed first. */
let channel: MessageChannel | null = null;
const posted: (() => void)[] = [];

function openChannel(): MessageChannel {
  const made = new MessageChannel();
  made.port1.on('message', () => {
    if (posted.length === 1) made.port1.unref();
    posted.shift()?.();
  });
  return made;
}

/** Like Node's `process.nextTick`. */
export const nextTick: (call: () => void) => void = replaced ? soon : process.nextTick.bind(process);

/**
 * Resolves when nothing is left in the queue of microtasks, so that all promises have settled that wait for nothing else. Takes
 * no turn of the event loop, unless timers were replaced before the package was loaded.
 */
export function drained(): Promise<void> {
  return replaced ? macrotask() : new Promise((resolve) => nextTick(resolve));
}

/** Like Node's `queueMicrotask`. */
export function soon(call: () => void): void {
  // A stored promise would keep the async context in which this module was loaded.
  void Promise.resolve().then(call);
}

/** The process's monotonic clock, in ms. */
export const monotonicMs: () => number = replaced ? () => process.uptime() * 1000 : now.bind(performance);

/** A pending timer. */
export interface Timer {
  /** It does not keep the process alive. */
  unref(): unknown;
}

/**
 * Calls once, after `ms`, never early by the process's clock: fractions of a millisecond are rounded up. Longer delays
 * than a timer's maximum, about 25 days, are truncated, so the callback must check the clock.
 */
export function after(ms: number, call: () => void): Timer {
  return replaced ? timeout(clamped(ms), call) : setTimeout(call, clamped(ms));
}

/** Calls every `ms`, with the bounds of `after`. */
export function each(ms: number, call: () => void): Timer {
  if (!replaced) return setInterval(call, clamped(ms));
  const socket = timeout(clamped(ms), () => {
    socket.setTimeout(clamped(ms));
    call();
  });
  return socket;
}

/** Cancels a timer, if there is one. */
export function cancel(timer: Timer | null | undefined): void {
  if (!timer) return;
  if (timer instanceof Socket) {
    timer.setTimeout(0);
  } else {
    const ofNode = timer as ReturnType<typeof setTimeout>;
    clearTimeout(ofNode);
    clearInterval(ofNode);
  }
}

/** Resolves when the promise does, or after `ms` at the latest. */
export async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: Timer | undefined;
  const late = new Promise<void>((resolve) => {
    timer = after(ms, resolve);
  });
  await Promise.race([promise, late]);
  cancel(timer);
}

/** NaN counts as 0, as in the timers themselves. */
function clamped(ms: number): number {
  return Math.min(LONGEST_TIMER, Math.max(1, Math.ceil(ms) || 1));
}

/** A socket's timeout. It does not keep the process alive; the connections to Redis do. */
function timeout(ms: number, call: () => void): Socket {
  return new Socket().setTimeout(ms, call);
}

/** Whether any function used here is not Node's own. */
function areReplaced(): boolean {
  const { setImmediate } = timers;
  const used = [setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, process.nextTick, now];
  // sinon, jest and vitest add their clock to what they replace; jest's legacy timers are mocks.
  if (used.some((one) => Object.hasOwn(one, 'clock') || Object.hasOwn(one, '_isMockFunction'))) return true;
  // Other fake timers, such as node:test's, lack properties that Node's have.
  if (process.release.name !== 'node' || 'bun' in process.versions || 'deno' in process.versions)
    return false;
  const timer = setTimeout(() => {}, 1);
  clearTimeout(timer);
  return !('_idleTimeout' in timer) || now !== Object.getPrototypeOf(performance).now;
}
