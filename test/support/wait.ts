import { performance } from 'node:perf_hooks';
import timers from 'node:timers';
import promises from 'node:timers/promises';
import { inspect } from 'node:util';

// Taken now: a test may fake timers.
const { clearTimeout, setTimeout } = timers;
const now = performance.now.bind(performance);
const { setTimeout: sleep } = promises;

/** ms: what a test waits for comes sooner on any machine, however loaded; a wait that nothing ends fails after it. */
export const PATIENCE = 30_000;

/** Resolves after `ms` milliseconds. For tests about time itself; the rest is for `waitFor`. */
export function delay(ms: number): Promise<void> {
  return sleep(ms);
}

/**
 * Polls `probe` until it gives something truthy, and resolves with that.
 * A probe that throws has not succeeded yet; one that hangs cannot outlast the deadline.
 * @param what completes the sentence "waited 30000 ms for …"
 * @param options `timeoutMs`: `PATIENCE` by default; `everyMs`, the pause between two probes: 5 by default, and of a probe that
 * asks somebody, a tenth of the time waited so far, up to 50: two hundred questions a second to a browser take half a core
 * @throws Error at the deadline, with what the last probe gave, or with what it threw as its `cause`
 */
export async function waitFor<T>(
  what: string,
  probe: () => T | Promise<T>,
  { timeoutMs = PATIENCE, everyMs }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<NonNullable<Awaited<T>>> {
  const began = now();
  let isLate = false;
  let asks = false;
  let timer: NodeJS.Timeout | undefined;
  // One timer for all probes: one each would leave thousands behind.
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      isLate = true;
      resolve(undefined);
    }, timeoutMs);
  });
  let last = 'the probe does not answer';
  let cause: unknown;
  try {
    while (!isLate) {
      try {
        const given = probe();
        asks = given instanceof Promise;
        const value = await Promise.race([given, late]);
        if (value) return value;
        if (isLate) break;
        last = `the last probe gave ${inspect(value)}`;
        cause = undefined;
      } catch (error) {
        last = `the last probe threw ${error instanceof Error ? error.message : inspect(error)}`;
        cause = error;
      }
      await delay(everyMs ?? (asks ? Math.min(Math.max((now() - began) / 10, 5), 50) : 5));
    }
  } finally {
    clearTimeout(timer);
  }
  throw new Error(`waited ${timeoutMs} ms for ${what}: ${last}`, { cause });
}
