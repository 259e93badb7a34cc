import { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import timers from 'node:timers';
import { MessageChannel } from 'node:worker_threads';

/** ms; the longest wait that a timer can hold: a longer one would fire at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;

// Taken when the package is loaded: a program's tests may replace the timers of their own code later, and a schedule follows
// Redis' clock, which fake timers do not move. A test keeps the rest of src/ from using the globals.
const { setTimeout, setInterval, clearTimeout, clearInterval } = timers;
const { now } = performance;

/**
 * Fake timers were there before the package was loaded. They may never fire, even when they have been taken away again,
 * so none of what they replace is used. Sockets have a timeout that works without a connection, and that Node sets itself.
 */
const replaced = areReplaced();

/** As `setImmediate` of Node. */
export const setImmediate: (call: () => void) => void = replaced
  ? (call) => void after(0, call)
  : timers.setImmediate;

/** Resolves in a later turn of the event loop, also where timers were replaced before the package was loaded. */
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

/** As `process.nextTick` of Node. */
export const nextTick: (call: () => void) => void = replaced ? soon : process.nextTick.bind(process);

/**
 * Resolves when nothing is left in the queue of microtasks, so that all promises have settled that wait for nothing else. Takes
 * no turn of the event loop, unless timers were replaced before the package was loaded.
 */
export function drained(): Promise<void> {
  return replaced ? macrotask() : new Promise((resolve) => nextTick(resolve));
}

/** As `queueMicrotask` of Node. */
export function soon(call: () => void): void {
  // A promise that is kept would keep the async context in which this module was loaded.
  void Promise.resolve().then(call);
}

/** The process's monotonic clock, in ms. */
export const monotonicMs: () => number = replaced ? () => process.uptime() * 1000 : now.bind(performance);

/** A wait that goes on. */
export interface Timer {
  /** It does not keep the process alive. */
  unref(): unknown;
}

/**
 * Calls once, after `ms`, and never early by the process's clock: part of a millisecond counts as a whole one. What is
 * longer than a timer can hold, some 25 days, is cut off there, so who waits for a time looks at the clock when called.
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

/** Ends a wait, if there is one. */
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

/** A wait of a socket. It does not keep the process alive, which the connections to Redis do. */
function timeout(ms: number, call: () => void): Socket {
  return new Socket().setTimeout(ms, call);
}

/** Whether any of what is used here is not Node's own. */
function areReplaced(): boolean {
  const { setImmediate } = timers;
  const used = [setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, process.nextTick, now];
  // sinon, jest and vitest leave their clock on what they replace; the legacy timers of jest are mocks.
  if (used.some((one) => Object.hasOwn(one, 'clock') || Object.hasOwn(one, '_isMockFunction'))) return true;
  // Those of node:test, and any others, are known by what they lack.
  if (process.release.name !== 'node' || 'bun' in process.versions || 'deno' in process.versions)
    return false;
  const timer = setTimeout(() => {}, 1);
  clearTimeout(timer);
  return !('_idleTimeout' in timer) || now !== Object.getPrototypeOf(performance).now;
}
