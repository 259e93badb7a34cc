/** ms by which the process's monotonic clock, as `src/` reads it, is ahead: so that a test need not wait for a long time. */
export const clockLead = { ms: 0 };

/** For `jest.mock('…/src/time/timers', …)`, which a test file calls itself, as only that comes before its imports. */
export function leadingTimers(): typeof import('../../src/time/timers') {
  const actual: typeof import('../../src/time/timers') = jest.requireActual('../../src/time/timers');
  return { ...actual, monotonicMs: () => actual.monotonicMs() + clockLead.ms };
}
