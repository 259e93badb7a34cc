import { Redis, type RedisOptions } from 'ioredis';
import { shown } from '../errors';
import { checkedOptions, optionsInQuery, refuseOption } from './option-values';

const SCHEME = /^[a-z][a-z\d+.-]*:(?=\/\/)/i;

/**
 * As ioredis reads it; but ioredis would let the query of a URL win over the options that stand beside it, and keeps all
 * that the query says as text.
 *
 * @throws TypeError for what is no URL, without showing its password; RangeError or TypeError for a value in it that no
 * connection can be made with
 */
export function readUrl(given: string): RedisOptions {
  if (given === '') throw new TypeError(`connection: '' is empty; omit it to use localhost:6379`);
  // ioredis looks for a scheme in lower case, and would speak without TLS to REDISS://.
  const url = given.replace(SCHEME, (scheme) => scheme.toLowerCase());
  const options = optionsIn(url);
  // What is neither URL nor path is read as a path, with all that is in it.
  if (options && (url.startsWith('/') || !options.path)) {
    return checkedOptions({ ...options, ...checkedParts(url) }, 'connection');
  }
  const hidden = url.replace(/^([a-z]+:?\/\/)?.*@/is, '$1***@').replace(/\?.*/s, '');
  throw new TypeError(
    `connection: ${shown(hidden)} is not a URL like redis://:password@host:6379/0, with the password percent-encoded`,
  );
}

function optionsIn(url: string): RedisOptions | null {
  try {
    // Options that come first win: nothing in the query can have this one connect.
    const reader: Redis = Reflect.construct(Redis, [{ lazyConnect: true }, url]);
    reader.disconnect();
    return reader.options;
  } catch {
    // What was thrown shows the password.
    return null;
  }
}

/** ioredis reads as much of a number as there is: '3abc' as 3, and 'abc' as NaN. */
function checkedParts(url: string): RedisOptions {
  const query = url.indexOf('?');
  const inQuery = query < 0 ? {} : optionsInQuery(new URLSearchParams(url.slice(query + 1)));
  if (!/^(rediss?:)?\/\//.test(url)) return inQuery;
  const { pathname } = new URL(url.replace(/^\/\//, 'redis://'));
  const database = /^\/?(.*?)\/?$/s.exec(pathname)?.[1] ?? '';
  if (database === '') return inQuery;
  if (!/^\d+$/.test(database)) refuseOption('connection', 'db', database);
  return { ...inQuery, db: Number(database) };
}
