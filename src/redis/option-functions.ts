import { types } from 'node:util';
import type { ClusterOptions, RedisOptions } from 'ioredis';
import { isError, kindOf, messageOf, shown } from '../errors';
import { LONGEST_TIMER, nextTick } from '../time/timers';
import { guardedConnector, type Tell } from './connectors';

type Callable = (...args: never[]) => unknown;

/** ms before the next attempt if the caller's function returned no usable value; grows as ioredis' own delays. */
const fallbackDelay = (attempt: unknown) => Math.min(50 * (Number(attempt) || 1), 2000);

const STRATEGIES = ['retryStrategy', 'sentinelRetryStrategy', 'sentinelReconnectStrategy'] as const;

/**
 * Wraps the functions in a connection's options so that none of them can end the process, or silently stop the attempts
 * to connect. ioredis calls them where nothing catches their errors.
 *
 * @returns the options that are or contain functions
 */
export function guardedFunctions(options: RedisOptions, tell: Tell): RedisOptions {
  const { reconnectOnError, natMap, tls, sentinelTLS, Connector } = options;
  const guarded: RedisOptions = {};
  for (const name of STRATEGIES) {
    const strategy = options[name];
    if (typeof strategy === 'function') guarded[name] = guardedDelay(name, strategy, tell);
  }
  if (typeof reconnectOnError === 'function')
    guarded.reconnectOnError = guardedVerdict(reconnectOnError, tell);
  if (typeof natMap === 'function') guarded.natMap = guardedNatMap(natMap, tell);
  if (tls) guarded.tls = guardedTls('tls', tls, tell);
  if (sentinelTLS) guarded.sentinelTLS = guardedTls('sentinelTLS', sentinelTLS, tell);
  if (typeof Connector === 'function') guarded.Connector = guardedConnector(Connector, tell);
  return guarded;
}

/** The same for a Cluster's own options; its `redisOptions` are handled as those of a connection. */
export function guardedClusterFunctions(options: ClusterOptions, tell: Tell): ClusterOptions {
  const { clusterRetryStrategy, natMap, dnsLookup, resolveSrv } = options;
  const guarded: ClusterOptions = {};
  if (typeof clusterRetryStrategy === 'function') {
    guarded.clusterRetryStrategy = guardedDelay('clusterRetryStrategy', clusterRetryStrategy, tell);
  }
  if (typeof natMap === 'function') guarded.natMap = guardedNatMap(natMap, tell);
  if (typeof dnsLookup === 'function') {
    const isAddress = (address: unknown) => typeof address === 'string' && address !== '';
    guarded.dnsLookup = guardedLookup('dnsLookup', dnsLookup, isAddress, tell);
  }
  if (typeof resolveSrv === 'function') {
    guarded.resolveSrv = guardedLookup('resolveSrv', resolveSrv, areServices, tell);
  }
  return guarded;
}

/** Passes on the values that end the retries according to ioredis' documentation: null, undefined, false, an Error. */
function guardedDelay(name: string, strategy: Callable, tell: Tell) {
  return function (this: unknown, ...args: unknown[]): number | null {
    const called = call(name, strategy, this, args, tell);
    if (!called) return fallbackDelay(args[0]);
    const { returned } = called;
    if (returned === null || returned === undefined || returned === false || isError(returned)) return null;
    if (typeof returned === 'number' && returned >= 0 && returned !== Number.POSITIVE_INFINITY) {
      return Math.min(returned, LONGEST_TIMER);
    }
    tell(name, `returned ${said(returned)}, which is not a number of milliseconds`);
    return fallbackDelay(args[0]);
  };
}

function guardedVerdict(reconnectOnError: Callable, tell: Tell) {
  return function (this: unknown, ...args: unknown[]): boolean | 1 | 2 {
    const returned = call('reconnectOnError', reconnectOnError, this, args, tell)?.returned;
    // ioredis, too, treats any other value as no.
    return returned === true || returned === 1 || returned === 2 ? returned : false;
  };
}

function guardedNatMap(natMap: Callable, tell: Tell) {
  return function (this: unknown, ...args: unknown[]): { host: string; port: number } | null {
    const returned = call('natMap', natMap, this, args, tell)?.returned;
    if (returned === undefined || returned === null) return null;
    if (typeof returned === 'object' && 'host' in returned && 'port' in returned) {
      const { host, port } = returned;
      const number = Number(port);
      if (
        typeof host === 'string' &&
        host !== '' &&
        Number.isInteger(number) &&
        number > 0 &&
        number < 65_536
      ) {
        return { ...returned, host, port: number };
      }
    }
    tell('natMap', `returned ${said(returned)}, which is not a { host, port }`);
    return null;
  };
}

/** ioredis also accepts true, or the name of a profile, for `tls`. */
function guardedTls<T extends object>(name: string, tls: T, tell: Tell): T {
  if (typeof tls !== 'object') return tls;
  const guarded: Record<string, unknown> = {};
  const given = (option: string): Callable | null => {
    const value: unknown = Reflect.get(tls, option);
    return typeof value === 'function' ? (value as Callable) : null;
  };
  const [identity, preshared, lookup] = [given('checkServerIdentity'), given('pskCallback'), given('lookup')];
  if (identity) guarded.checkServerIdentity = guardedIdentity(`${name}.checkServerIdentity`, identity, tell);
  if (preshared) {
    guarded.pskCallback = function (this: unknown, ...args: unknown[]) {
      return call(`${name}.pskCallback`, preshared, this, args, tell)?.returned ?? null;
    };
  }
  if (lookup) {
    const areAddresses = (found: unknown) => typeof found === 'string' || Array.isArray(found);
    guarded.lookup = guardedLookup(`${name}.lookup`, lookup, areAddresses, tell);
  }
  return { ...tls, ...guarded };
}

/** If anything goes wrong, the server is not trusted. */
function guardedIdentity(name: string, identity: Callable, tell: Tell) {
  return function (this: unknown, ...args: unknown[]): Error | undefined {
    const called = call(name, identity, this, args, tell);
    if (!called) return new Error(`${name} threw`);
    const { returned } = called;
    if (!returned) return undefined;
    if (isError(returned)) return returned;
    tell(name, `returned ${said(returned)}, which is neither undefined nor an Error`);
    return new Error(`${name} returned ${said(returned)}`);
  };
}

/** Wraps a function whose last argument is a callback. For an invalid value, Node would throw inside that callback. */
function guardedLookup(name: string, lookup: Callable, fits: (found: unknown) => boolean, tell: Tell) {
  return function (this: unknown, ...args: unknown[]): void {
    const callback = args.pop();
    if (typeof callback !== 'function') return;
    let isAnswered = false;
    const answer = (error: unknown, found?: unknown, ...rest: unknown[]) => {
      if (isAnswered) return;
      isAnswered = true;
      if (error) Reflect.apply(callback, undefined, [isError(error) ? error : new Error(messageOf(error))]);
      else if (fits(found)) Reflect.apply(callback, undefined, [null, found, ...rest]);
      else {
        tell(name, `found ${said(found)}`);
        Reflect.apply(callback, undefined, [new Error(`${name} found ${said(found)}`)]);
      }
    };
    const called = call(name, lookup, this, [...args, answer], tell);
    // Not synchronously: the caller is not yet ready for an answer.
    if (!called) nextTick(() => answer(new Error(`${name} threw`)));
  };
}

function areServices(records: unknown): boolean {
  return (
    Array.isArray(records) &&
    records.length > 0 &&
    records.every((record: unknown) => {
      if (typeof record !== 'object' || record === null || !('name' in record) || !('port' in record))
        return false;
      return typeof record.name === 'string' && Number.isInteger(record.port);
    })
  );
}

/**
 * Returns null if the function threw, which is reported. None of these functions may return a promise, whose rejection
 * nobody would handle.
 */
function call(
  name: string,
  given: Callable,
  self: unknown,
  args: unknown[],
  tell: Tell,
): { returned: unknown } | null {
  try {
    const returned: unknown = Reflect.apply(given, self, args);
    if (types.isPromise(returned))
      returned.catch((cause) => tell(name, `rejected (${messageOf(cause)})`, cause));
    return { returned };
  } catch (cause) {
    tell(name, `threw (${messageOf(cause)})`, cause);
    return null;
  }
}

function said(value: unknown): string {
  return typeof value === 'number' ? shown(value) : kindOf(value);
}
