import type { Bossman } from '../bossman';
import { shown } from '../errors';
import { isGiven, optionsIn } from '../schedule/given';
import type { Authorize, WebOptions, WebPages } from './options';
import { pagesOf } from './pages';
import { sourceOf } from './source';

export type { Authorize, Verdict, WebOptions, WebPages } from './options';

/**
 * A page that shows and steers an instance's fleet, and its HTTP API, to be mounted in your own server. It sends nothing to
 * Redis while no tab is open.
 *
 * @throws TypeError or RangeError immediately for an invalid argument; the message names it
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

/** The base path without a trailing slash. */
function readBase(base: unknown): string {
  if (typeof base !== 'string') throw new TypeError(`base: ${shown(base)} is not a string`);
  if (!/^\/[^?#]*$/.test(base)) throw new RangeError(`base: ${shown(base)} is not a path such as '/jobs'`);
  return base.replace(/\/+$/, '');
}
