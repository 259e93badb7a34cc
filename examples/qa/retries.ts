import type { Qa } from 'bossman';
import pRetry, { type Options } from 'p-retry';

/**
 * Retries the work of a run when it fails. `next()` may only be called once, so the work is wrapped instead; the definition is a
 * copy for this run. All tries are one run: give it `keepAlive`, or a `ttl` that includes the pauses.
 */
export function retries(options: Options): Qa {
  return (_name, definition, next) => {
    const { work } = definition;
    definition.work = (context) => pRetry(() => work(context), { ...options, signal: context.signal });
    return next();
  };
}
