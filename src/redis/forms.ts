import { types } from 'node:util';
import type { Cluster, Redis, RedisOptions } from 'ioredis';
import { kindOf, shown } from '../errors';
import { isGiven, isOfAnotherKind, isPlain, readable } from '../schedule/given';
import { checkedOptions, OPTION_NAMES } from './option-values';
import { readUrl } from './url';

/** The value of `connection`, in one of the forms that we can connect with. */
export type Form = { options: RedisOptions } | { client: Redis } | { cluster: Cluster };

/** Options that locate Redis. As in ioredis, an object with one of these is read as options, whatever else it has. */
const PLACES = ['host', 'port', 'path', 'sentinels', 'Connector'];

/** Names that other libraries use; accepted beside the option that is meant, where they may have another purpose. */
const MISNOMERS: Record<string, { meant: string[]; write: string }> = {
  url: { meant: PLACES, write: 'connection: URL, not an object around it' },
  uri: { meant: PLACES, write: 'connection: URL, not an object around it' },
  connectionString: { meant: PLACES, write: 'connection: URL, not an object around it' },
  socket: { meant: PLACES, write: 'connection: { host, port }, or { path } for a Unix socket' },
  nodes: {
    meant: PLACES,
    write: 'connection: new Cluster(nodes, options), with the Cluster class of ioredis',
  },
  rootNodes: {
    meant: PLACES,
    write: 'connection: new Cluster(nodes, options), with the Cluster class of ioredis',
  },
  hostname: { meant: ['host', 'path', 'sentinels', 'Connector'], write: 'connection: { host }' },
  database: { meant: ['db'], write: 'connection: { db }' },
  user: { meant: ['username'], write: 'connection: { username }' },
  pass: { meant: ['password'], write: 'connection: { password }' },
};

const FORMS = 'a URL, a port, { host, port }, { path }, { sentinels, name }, or a client of ioredis';

/**
 * Parses `connection`. A mistaken form is refused, because it would silently connect to localhost:6379 and send CONFIG
 * there.
 *
 * @throws TypeError or RangeError that names `connection` and the form to write instead, and never a password
 */
export function formOf(connection: unknown): Form {
  if (connection === undefined || connection === null) return { options: {} };
  if (typeof connection === 'number') return { options: { port: portOf(connection) } };
  if (typeof connection === 'string') return { options: readUrl(connection) };
  if (typeof connection !== 'object') {
    const value = typeof connection === 'function' ? 'a function' : shown(connection);
    throw new TypeError(`connection: ${value} is not ${FORMS}`);
  }
  const url = hrefOf(connection);
  if (url !== null) return { options: readUrl(url) };
  if (isClient(connection)) return clientIn(connection);
  refuseMisnomers(connection);
  refuseOthers(connection);
  return { options: checkedOptions(connection, 'connection') };
}

/**
 * Refuses a `connection` given in place of an instance's options, where it would have no effect.
 *
 * @throws TypeError that names `options` and the form to write instead, and never a password
 */
export function refuseAsOptions(options: unknown): void {
  if (typeof options === 'string' || typeof options === 'number') {
    const what = typeof options === 'string' ? 'a URL' : 'a port';
    throw new TypeError(
      `options: a ${typeof options} is not an object; ${what} belongs in connection: new Bossman({ connection })`,
    );
  }
  if (typeof options !== 'object' || options === null) return;
  const isUrl = hrefOf(options, 'options') !== null;
  if (isUrl || isClient(options, 'options')) {
    const what = isUrl ? 'a URL' : 'a client';
    throw new TypeError(`options: ${what} belongs in connection: new Bossman({ connection })`);
  }
  if (readable('options', () => isPlain(options)) && !givenIn(options, 'connection', 'options')) {
    const misplaced = readable('options', () => Object.keys(options)).filter(
      (key) =>
        (OPTION_NAMES.has(key) || Object.hasOwn(MISNOMERS, key)) &&
        !OURS.has(key) &&
        givenIn(options, key, 'options'),
    );
    if (misplaced.length === 0) return;
    throw new TypeError(
      `options: ${misplaced.join(', ')}: options that say where Redis is belong in connection: new Bossman({ connection: { … } })`,
    );
  }
}

/** Our own options, or common words, that are also options of ioredis. */
const OURS = new Set(['keepAlive', 'name', 'role', 'user', 'pass', 'nodes', 'scripts', 'monitor']);

/** @throws RangeError for an invalid port */
export function portOf(port: number): number {
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new RangeError(`connection: ${shown(port)} is not a port`);
}

/** A client of any library. Pools of node_redis have no `duplicate`. */
function isClient(value: object, at = 'connection'): boolean {
  return ['duplicate', 'defineCommand', 'expire'].some((name) => hasMethod(value, name, at));
}

function clientIn(client: object): Form {
  if (!hasMethod(client, 'duplicate') || !hasMethod(client, 'defineCommand')) {
    throw new TypeError(
      'connection: a client of a library other than ioredis; use a client of ioredis, a URL, or { host, port }',
    );
  }
  return isCluster(client) ? { cluster: client } : { client: client as Redis };
}

/** Not instanceof: the caller may have another copy of ioredis. */
export function isCluster(client: object): client is Cluster {
  return 'isCluster' in client && client.isCluster === true;
}

function refuseMisnomers(connection: object): void {
  for (const [name, { meant, write }] of Object.entries(MISNOMERS)) {
    if (!givenIn(connection, name) || meant.some((key) => givenIn(connection, key))) continue;
    throw new TypeError(`connection: ioredis has no option ${name}; write ${write}`);
  }
}

/**
 * Refuses other objects: options contain a location or only known options, and any other object would connect to
 * localhost.
 */
function refuseOthers(connection: object): void {
  if (readable('connection', () => isOfAnotherKind(connection))) {
    const advice = types.isPromise(connection) ? '; await it first' : '';
    throw new TypeError(`connection: ${kindOf(connection)} is not ${FORMS}${advice}`);
  }
  if (PLACES.some((key) => givenIn(connection, key))) return;
  const keys = readable('connection', () => Object.keys(connection)).filter((key) =>
    givenIn(connection, key),
  );
  const unknown = keys.filter((key) => !OPTION_NAMES.has(key));
  if (unknown.length > 0) {
    const names = unknown.slice(0, 5).map((key) => shown(key.slice(0, 50)));
    throw new TypeError(
      `connection: ioredis has no option ${names.join(', ')}, and no other option says where Redis is; use ${FORMS}`,
    );
  }
  if (keys.length === 0 && !readable('connection', () => isPlain(connection))) {
    throw new TypeError(`connection: ${kindOf(connection)} is not ${FORMS}`);
  }
}

/** The text of a URL object: from this realm, from another, or from `url.parse`. */
function hrefOf(value: object, at = 'connection'): string | null {
  const href = member(value, 'href', at);
  return typeof href === 'string' && isGiven(member(value, 'protocol', at)) ? href : null;
}

function givenIn(value: object, key: string, at = 'connection'): boolean {
  return isGiven(member(value, key, at));
}

function hasMethod(value: object, name: string, at = 'connection'): boolean {
  return typeof member(value, name, at) === 'function';
}

function member(value: object, key: string, at: string): unknown {
  return readable(`${at}.${key}`, () => Reflect.get(value, key));
}
