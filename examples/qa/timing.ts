import type { Qa } from 'bossman';

/** Reports how long each run took, even if it failed. */
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
