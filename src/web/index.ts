import type { Bossman } from '../bossman';
import { shown } from '../errors';
import { isGiven, optionsIn } from '../schedule/given';
import type { Authorize, WebOptions, WebPages } from './options';
import { pagesOf } from './pages';
import { sourceOf } from './source';

export type { Authorize, Verdict, WebOptions, WebPages } from './options';

/**
 * Pages that show and steer the fleet of an instance, and their HTTP API, for a server of yours. It sends nothing to Redis
 * while nobody looks.
 *
 * @throws TypeError or RangeError at once for what is not understood, naming the argument
 */
export function web(fred: Bossman, options: WebOptions = {}): WebPages {
  const { authorize, readOnly, base } = optionsIn('options', options, ['authorize', 'readOnly', 'base']);
  if (isGiven(authorize) && typeof authorize !== 'function') {
    throw new TypeError(`authorize: ${shown(authorize)} is not a function`);
  }
  if (isGiven(readOnly) && typeof readOnly !== 'boolean') {
    throw new TypeError(`readOnly: ${shown(readOnly)} is not a boolean`);
  }
  return pagesOf(sourceOf(fred), {
    authorize: isAuthorize(authorize) ? authorize : null,
    readOnly: readOnly === true,
    base: isGiven(base) ? readBase(base) : null,
  });
}

function isAuthorize(value: unknown): value is Authorize {
  return typeof value === 'function';
}

/** Without a slash at its end. */
function readBase(base: unknown): string {
  if (typeof base !== 'string') throw new TypeError(`base: ${shown(base)} is not a string`);
  if (!/^\/[^?#]*$/.test(base)) throw new RangeError(`base: ${shown(base)} is not a path such as '/jobs'`);
  return base.replace(/\/+$/, '');
}
