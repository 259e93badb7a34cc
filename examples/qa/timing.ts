import type { Qa } from 'bossman';

/** Says how long each run took, also those that failed. */
export function timing(log: (line: string) => void): Qa {
  return async (name, _definition, next) => {
    const started = performance.now();
    try {
      return await next();
    } finally {
      log(`${name} took ${Math.round(performance.now() - started)} ms`);
    }
  };
}
