import type { Bossman } from '../bossman';
import { shown } from '../errors';
import { isGiven, optionsIn } from '../schedule/given';
import type { Authorize } from './gate';
import { pagesOf, type WebPages } from './pages';
import { sourceOf } from './source';

export type { Verdict } from './gate';
export type { WebPages } from './pages';

/** Options of `web`. */
export interface WebOptions {
  /**
   * What a viewer may do: `'read'`, `'write'` or null, or `{ access, who, challenge }`, or a promise of one. `who` is the
   * name that the event `steered` and the page have; with an access of null, `challenge` becomes the header
   * `www-authenticate` of a 401, otherwise null is a 403. What it throws is a 500 that tells the browser nothing, and
   * the event `error`, code `WEB`. Default: only this machine is served, and may write.
   *
   * @param request has the headers and the cookies
   * @param original the request of Node's server, or of the framework on it, which may know who is signed in; undefined for
   *   `fetch`
   */
  authorize?: Authorize | undefined;
  /** Everybody may read at most. Default false. */
  readOnly?: boolean | undefined;
  /**
   * The path below which the pages are, such as `/jobs`. Default: it is found out. To be given for a path that ends in
   * `/api/jobs` or the like, and where other paths of a server should not get the page.
   */
  base?: string | undefined;
}

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
