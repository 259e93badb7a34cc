import type { Qa } from 'bossman';

/**
 * Aborts the signal of a run that takes too long. Work must obey it, as `fetch` does and most clients can. Work that continues
 * nevertheless keeps its lock, as it should.
 */
export function timeouts(ms: number): Qa {
  return (_name, definition, next) => {
    const { work } = definition;
    definition.work = (context) =>
      work({ ...context, signal: AbortSignal.any([context.signal, AbortSignal.timeout(ms)]) });
    return next();
  };
}
