import { isIPv6 } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { ClusterOptions, RedisOptions } from 'ioredis';
import { kindOf, shown } from '../errors';
import { readable } from '../schedule/given';
import { LONGEST_TIMER } from '../time/timers';

/** The valid values of an ioredis option. */
interface Rule {
  /** Completes the sentence "VALUE is not …". */
  what: string;
  /** Another type is a TypeError; an invalid value of one of these types is a RangeError. */
  types: string[];
  fits(value: unknown): boolean;
  /** A number may be given as a string, as environment variables and URLs do. */
  numeric?: true;
  /** Never shown in messages. */
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

/** The options that can break a connection or end the process. Undefined and null count as omitted. */
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

/** Options of a Cluster itself; `redisOptions` contains those of its nodes. */
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

/** Boolean options. ioredis accepts any value, but in a URL 'false' is a string. */
export const FLAGS = [
  ...['noDelay', 'enableReadyCheck', 'enableOfflineQueue', 'lazyConnect', 'readOnly', 'stringNumbers'],
  ...['autoResubscribe', 'autoResendUnfulfilledCommands', 'enableAutoPipelining', 'disableClientInfo'],
  ...['enableTLSForSentinelMode', 'updateSentinels', 'failoverDetector', 'monitor', 'tls'],
];

/** Every option of any supported ioredis version. */
export const OPTION_NAMES = new Set([
  ...Object.keys(RULES),
  ...FLAGS,
  ...['scripts', 'himportFieldsets', 'replyMapping', 'autoPipeliningIgnoredCommands', 'offlineQueue'],
  ...['commandQueue', 'showFriendlyErrorStack', 'dropBufferSupport'],
]);

/**
 * Validates options. Numeric strings become numbers, and null options are removed.
 *
 * @param at the name to use in messages: `connection`
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

/** Validates a single node: `{ host, port }`. */
export function checkedNode(node: unknown, at: string): object {
  if (typeof node !== 'object' || node === null || Array.isArray(node)) {
    throw new TypeError(`${at}: ${kindOf(node)} is not an object like { host, port }`);
  }
  const checked = checkedBy(RULES, node, at);
  checkTls(checked.tls, `${at}.tls`);
  return checked;
}

/**
 * Refuses a database for a Cluster. ioredis would silently ignore that of a start-up node, and send SELECT for that in
 * redisOptions, which the nodes refuse.
 *
 * @throws RangeError for a database other than 0
 */
export function checkDatabaseInCluster({ db }: RedisOptions, at: string): void {
  if (db) refuseOption(at, 'db', db, '0, the only database of a Cluster');
}

/** Options in a URL's query, with numbers and flags parsed. */
export function optionsInQuery(query: URLSearchParams): RedisOptions {
  const given: Record<string, unknown> = {};
  for (const [key, text] of query) {
    const isFlagged = FLAGS.includes(key) && /^(true|false|1|0|)$/.test(text);
    given[key] = isFlagged ? text === 'true' || text === '1' : text;
  }
  return checkedBy(RULES, given, 'connection');
}

/** @throws RangeError or TypeError, depending on whether the value's type is allowed */
export function refuseOption(at: string, option: string, value: unknown, what?: string): never {
  const rule = RULES[option] ?? CLUSTER_RULES[option];
  const problem = `${at}.${option}: ${shownOf(value, rule?.secret)} is not ${what ?? rule?.what}`;
  throw rule?.types.includes(typeof value) ? new RangeError(problem) : new TypeError(problem);
}

function checkedBy(rules: Record<string, Rule>, options: object, at: string): Record<string, unknown> {
  const checked: Record<string, unknown> = readable(at, () => ({ ...options }));
  for (const [option, rule] of Object.entries(rules)) {
    // Include getters that are defined on a class.
    const given: unknown = readable(`${at}.${option}`, () => Reflect.get(options, option));
    if (given === undefined) continue;
    if (given === null) {
      // ioredis applies its defaults only to undefined options, and gives up without a port.
      if (rule.numeric || rule === HOST) delete checked[option];
      continue;
    }
    const value = rule.numeric && isNumeric(given) ? Number(given) : given;
    if (!rule.types.includes(typeof value) || !rule.fits(value)) refuseOption(at, option, given);
    checked[option] = value;
  }
  return checked;
}

/** Checks TLS options now, because Node would throw at every connection attempt. */
function checkTls(tls: unknown, at: string): void {
  if (typeof tls !== 'object' || tls === null) return;
  checkedNode(tls, at);
  try {
    createSecureContext(tls);
  } catch (error) {
    // The message may contain the key.
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : 'refused';
    throw new TypeError(`${at}: node:tls refuses these options (${shown(code)})`);
  }
}

function checkNatMap(natMap: unknown, at: string): void {
  if (typeof natMap !== 'object' || natMap === null) return;
  for (const [from, to] of Object.entries(natMap)) if (to) checkedNode(to, `${at}[${shown(from)}]`);
}

/** The value for messages. A long text, or one that resembles a URL, may contain a password. */
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
