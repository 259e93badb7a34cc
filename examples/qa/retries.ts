import type { Qa } from 'bossman';
import pRetry, { type Options } from 'p-retry';

/**
 * Tries the work of a run again when it fails. `next()` may be called once, so it is the work that is wrapped; the
 * definition is a copy for this run. All tries are one run: give it `keepAlive`, or a `ttl` for the pauses too.
 */
export function retries(options: Options): Qa {
  return (_name, definition, next) => {
    const { work } = definition;
    definition.work = (context) => pRetry(() => work(context), { ...options, signal: context.signal });
    return next();
  };
}
