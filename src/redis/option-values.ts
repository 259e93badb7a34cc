import { isIPv6 } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { ClusterOptions, RedisOptions } from 'ioredis';
import { kindOf, shown } from '../errors';
import { readable } from '../schedule/given';
import { LONGEST_TIMER } from '../time/timers';

/** What an option of ioredis may be. */
interface Rule {
  /** Completes the sentence "VALUE is not …". */
  what: string;
  /** A value of another type is a TypeError, a wrong one of these a RangeError. */
  types: string[];
  fits(value: unknown): boolean;
  /** Numbers may be written as strings, as environments and URLs have them. */
  numeric?: true;
  /** Never shown. */
  secret?: true;
}

const whole = (least: number, most: number, what: string): Rule => ({
  what,
  types: ['number', 'string'],
  numeric: true,
  fits: (value) => Number.isInteger(value) && isWithin(value, least, most),
});

const MS: Rule = {
  what: `a number of milliseconds from 0 to ${LONGEST_TIMER}`,
  types: ['number', 'string'],
  numeric: true,
  fits: (value) => isWithin(value, 0, LONGEST_TIMER),
};
const NUMBER: Rule = {
  what: 'a number',
  types: ['number', 'string'],
  numeric: true,
  fits: (value) => typeof value === 'number' && !Number.isNaN(value),
};
const TEXT: Rule = { what: 'a string', types: ['string'], fits: () => true };
const SECRET: Rule = { what: 'a string', types: ['string', 'number'], fits: () => true, secret: true };
const FUNCTION: Rule = { what: 'a function', types: ['function'], fits: () => true };
const HOST: Rule = {
  what: 'the name or address of a host, without a scheme, user or port',
  types: ['string'],
  fits: isHost,
};
const PORT = whole(1, 65_535, 'a port from 1 to 65535');
const FAMILY: Rule = {
  what: '0, 4 or 6',
  types: ['number', 'string'],
  numeric: true,
  fits: (value) => [0, 4, 6, 'IPv4', 'IPv6'].some((family) => family === value),
};
const TLS: Rule = {
  what: 'true or an object with options for node:tls',
  types: ['object', 'boolean', 'string'],
  fits: (value) => !Array.isArray(value),
};
const NAT_MAP: Rule = {
  what: 'a function, or an object of { host, port }',
  types: ['object', 'function'],
  fits: (value) => !Array.isArray(value),
};

/** The options with which a connection can be broken, or the process ended. What is undefined or null is not given. */
const RULES: Record<string, Rule> = {
  host: HOST,
  port: PORT,
  family: FAMILY,
  path: TEXT,
  tls: TLS,
  sentinelTLS: TLS,
  Connector: FUNCTION,
  username: SECRET,
  password: SECRET,
  db: whole(0, 2 ** 31 - 1, 'the number of a database'),
  keyPrefix: TEXT,
  connectionName: TEXT,
  clientInfoTag: TEXT,
  protocol: whole(2, 3, '2 or 3'),
  connectTimeout: MS,
  disconnectTimeout: MS,
  commandTimeout: MS,
  socketTimeout: MS,
  blockingTimeout: NUMBER,
  blockingTimeoutGrace: NUMBER,
  maxLoadingRetryTime: MS,
  keepAlive: { ...MS, types: [...MS.types, 'boolean'], fits: (value) => isFlag(value) || MS.fits(value) },
  maxRetriesPerRequest: NUMBER,
  retryStrategy: FUNCTION,
  reconnectOnError: FUNCTION,
  name: TEXT,
  role: {
    what: "'master' or 'slave'",
    types: ['string'],
    fits: (value) => value === 'master' || value === 'slave',
  },
  sentinels: {
    what: 'a non-empty array of { host, port }',
    types: ['object'],
    fits: (value) => Array.isArray(value) && value.length > 0,
  },
  sentinelUsername: SECRET,
  sentinelPassword: SECRET,
  sentinelCommandTimeout: MS,
  sentinelMaxConnections: NUMBER,
  sentinelRetryStrategy: FUNCTION,
  sentinelReconnectStrategy: FUNCTION,
  preferredSlaves: {
    what: 'a function, a { ip, port }, or an array of those',
    types: ['object', 'function'],
    fits: () => true,
  },
  natMap: NAT_MAP,
};

/** Those of a Cluster as a whole; `redisOptions` has those of its nodes. */
const CLUSTER_RULES: Record<string, Rule> = {
  keyPrefix: TEXT,
  natMap: NAT_MAP,
  slotsRefreshTimeout: MS,
  slotsRefreshInterval: MS,
  clusterRetryStrategy: FUNCTION,
  dnsLookup: FUNCTION,
  resolveSrv: FUNCTION,
  redisOptions: { what: 'an object', types: ['object'], fits: (value) => !Array.isArray(value) },
};

/** Options that are on or off; ioredis takes any value, but in a URL 'false' is a string. */
export const FLAGS = [
  ...['noDelay', 'enableReadyCheck', 'enableOfflineQueue', 'lazyConnect', 'readOnly', 'stringNumbers'],
  ...['autoResubscribe', 'autoResendUnfulfilledCommands', 'enableAutoPipelining', 'disableClientInfo'],
  ...['enableTLSForSentinelMode', 'updateSentinels', 'failoverDetector', 'monitor', 'tls'],
];

/** Every option that a version of ioredis has. */
export const OPTION_NAMES = new Set([
  ...Object.keys(RULES),
  ...FLAGS,
  ...['scripts', 'himportFieldsets', 'replyMapping', 'autoPipeliningIgnoredCommands', 'offlineQueue'],
  ...['commandQueue', 'showFriendlyErrorStack', 'dropBufferSupport'],
]);

/**
 * The options that are given, with numbers for the numbers that were written as strings, and without what is null.
 *
 * @param at names them in messages: `connection`
 * @throws RangeError or TypeError that names the option, and its value unless it may be secret
 */
export function checkedOptions(options: object, at: string): RedisOptions {
  const checked = checkedBy(RULES, options, at);
  for (const key of ['tls', 'sentinelTLS']) checkTls(checked[key], `${at}.${key}`);
  if (Array.isArray(checked.sentinels) && !checked.Connector) {
    if (!checked.name)
      refuseOption(at, 'name', checked.name, 'the name of the group that the sentinels watch');
    checked.sentinels = checked.sentinels.map((sentinel, i) =>
      checkedNode(sentinel, `${at}.sentinels[${i}]`),
    );
  }
  checkNatMap(checked.natMap, `${at}.natMap`);
  return checked;
}

/** The same for the options of a Cluster. */
export function checkedClusterOptions(options: object, at: string): ClusterOptions {
  const checked: Record<string, unknown> & ClusterOptions = checkedBy(CLUSTER_RULES, options, at);
  checkNatMap(checked.natMap, `${at}.natMap`);
  const redisOptions = checkedOptions(checked.redisOptions ?? {}, `${at}.redisOptions`);
  checkDatabaseInCluster(redisOptions, `${at}.redisOptions`);
  return { ...checked, redisOptions };
}

/** A node that is given by itself: `{ host, port }`. */
export function checkedNode(node: unknown, at: string): object {
  if (typeof node !== 'object' || node === null || Array.isArray(node)) {
    throw new TypeError(`${at}: ${kindOf(node)} is not an object like { host, port }`);
  }
  const checked = checkedBy(RULES, node, at);
  checkTls(checked.tls, `${at}.tls`);
  return checked;
}

/**
 * ioredis would drop the database of a start-up node without a word, and send SELECT for that in redisOptions, which
 * the nodes refuse.
 *
 * @throws RangeError for another database than 0
 */
export function checkDatabaseInCluster({ db }: RedisOptions, at: string): void {
  if (db) refuseOption(at, 'db', db, '0, the only database of a Cluster');
}

/** What the query of a URL says, with numbers and flags for what is written as such. */
export function optionsInQuery(query: URLSearchParams): RedisOptions {
  const given: Record<string, unknown> = {};
  for (const [key, text] of query) {
    const isFlagged = FLAGS.includes(key) && /^(true|false|1|0|)$/.test(text);
    given[key] = isFlagged ? text === 'true' || text === '1' : text;
  }
  return checkedBy(RULES, given, 'connection');
}

/** @throws RangeError or TypeError, as the value is of a type that could fit, or not */
export function refuseOption(at: string, option: string, value: unknown, what?: string): never {
  const rule = RULES[option] ?? CLUSTER_RULES[option];
  const problem = `${at}.${option}: ${shownOf(value, rule?.secret)} is not ${what ?? rule?.what}`;
  throw rule?.types.includes(typeof value) ? new RangeError(problem) : new TypeError(problem);
}

function checkedBy(rules: Record<string, Rule>, options: object, at: string): Record<string, unknown> {
  const checked: Record<string, unknown> = readable(at, () => ({ ...options }));
  for (const [option, rule] of Object.entries(rules)) {
    // Also what a class has as a getter.
    const given: unknown = readable(`${at}.${option}`, () => Reflect.get(options, option));
    if (given === undefined) continue;
    if (given === null) {
      // ioredis has defaults for what is undefined only; without a port it gives up.
      if (rule.numeric || rule === HOST) delete checked[option];
      continue;
    }
    const value = rule.numeric && isNumeric(given) ? Number(given) : given;
    if (!rule.types.includes(typeof value) || !rule.fits(value)) refuseOption(at, option, given);
    checked[option] = value;
  }
  return checked;
}

/** Node would throw at every attempt to connect. */
function checkTls(tls: unknown, at: string): void {
  if (typeof tls !== 'object' || tls === null) return;
  checkedNode(tls, at);
  try {
    createSecureContext(tls);
  } catch (error) {
    // The message may show what was given for a key.
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : 'refused';
    throw new TypeError(`${at}: node:tls refuses these options (${shown(code)})`);
  }
}

function checkNatMap(natMap: unknown, at: string): void {
  if (typeof natMap !== 'object' || natMap === null) return;
  for (const [from, to] of Object.entries(natMap)) if (to) checkedNode(to, `${at}[${shown(from)}]`);
}

/** For messages. A long text, or one like a URL, may hold a password. */
function shownOf(value: unknown, secret = false): string {
  const isShort = typeof value !== 'string' || (value.length <= 40 && !/@|:\/\//.test(value));
  const isPlain = ['number', 'boolean', 'string', 'bigint'].includes(typeof value);
  return isPlain && isShort && !secret ? shown(value) : kindOf(value);
}

function isNumeric(value: unknown): boolean {
  return typeof value === 'string' && /^\d+(\.\d+)?$/.test(value);
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most;
}

function isFlag(value: unknown): boolean {
  return typeof value === 'boolean';
}

function isHost(value: unknown): boolean {
  if (typeof value !== 'string' || value === '' || /[\s/@?#]/.test(value)) return false;
  return !value.includes(':') || isIPv6(value.replace(/%.*$/, ''));
}
