import { Redis, type RedisOptions } from 'ioredis';
import { shown } from '../errors';
import { checkedOptions, optionsInQuery, refuseOption } from './option-values';

const SCHEME = /^[a-z][a-z\d+.-]*:(?=\/\/)/i;

/**
 * Parses a URL like ioredis, with two exceptions: in ioredis, the query of a URL overrides the options beside it, and
 * its values stay strings.
 *
 * @throws TypeError for an invalid URL, without showing its password; RangeError or TypeError for an invalid value
 */
export function readUrl(given: string): RedisOptions {
  if (given === '') throw new TypeError(`connection: '' is empty; omit it to use localhost:6379`);
  // ioredis recognises only lower-case schemes, and would connect without TLS to REDISS://.
  const url = given.replace(SCHEME, (scheme) => scheme.toLowerCase());
  const options = optionsIn(url);
  // ioredis reads any text that is not a URL as a path.
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
    // The first options win, so nothing in the query can make this client connect.
    const reader: Redis = Reflect.construct(Redis, [{ lazyConnect: true }, url]);
    reader.disconnect();
    return reader.options;
  } catch {
    // The error contains the password.
    return null;
  }
}

/** Checks numbers strictly: ioredis parses '3abc' as 3, and 'abc' as NaN. */
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
