import { Socket } from 'node:net';
import type { Redis, RedisOptions } from 'ioredis';
import { isError, kindOf, messageOf, shown } from '../errors';
import { after, cancel, type Timer } from '../time/timers';

/**
 * Told when a function among the caller's options throws, or returns what nothing can be made of.
 *
 * @param option its name
 * @param problem completes the sentence "OPTION …"
 */
export type Tell = (option: string, problem: string, cause?: unknown) => void;

type Connector = NonNullable<RedisOptions['Connector']>;

/** What ioredis calls of a connector, and of the stream that it makes. */
const METHODS = ['connect', 'check', 'disconnect'];
const STREAM_METHODS = [
  'on',
  'once',
  'write',
  'end',
  'destroy',
  'removeAllListeners',
  'setKeepAlive',
  'setNoDelay',
];

/** ms; the default of ioredis' connectTimeout, which begins only when there is a stream. */
const PATIENCE = 10_000;

const guarded = new WeakSet<object>();

/** What a stream of each connector was last connected to. */
const addresses = new WeakMap<object, Address>();

interface Address {
  host: string;
  port: number;
}

/**
 * The caller's class of connectors, of which every instance is guarded: also those for the nodes of a Cluster.
 *
 * @throws TypeError, also later from its constructor, when it is no such class
 */
export function guardedConnector(Given: Connector, tell: Tell): Connector {
  if (!isClass(Given)) throw new TypeError(`connection.Connector: ${shown(Given)} is not a class`);
  return new Proxy(Given, {
    construct(target, args, newTarget) {
      const connector = made(target, args, newTarget);
      for (const method of METHODS) {
        if (typeof Reflect.get(connector, method) !== 'function') {
          throw new TypeError(`connection.Connector: its instances have no method ${method}`);
        }
      }
      guard(connector, tell, patienceIn(args[0]));
      return connector;
    },
  });
}

/** ms after which it is told that a connector has not made a stream: those that a connection may take, if they are few. */
function patienceIn(options: unknown): number {
  const connectTimeout: unknown =
    typeof options === 'object' && options !== null && Reflect.get(options, 'connectTimeout');
  return typeof connectTimeout === 'number' && connectTimeout > 0
    ? Math.min(connectTimeout, PATIENCE)
    : PATIENCE;
}

function isClass(given: Connector): boolean {
  try {
    Reflect.construct(Object, [], given);
    return true;
  } catch {
    return false;
  }
}

function made(Given: Connector, args: unknown[], newTarget: unknown): object {
  try {
    return Reflect.construct(Given, args, newTarget as Connector);
  } catch (cause) {
    throw new TypeError(`connection.Connector: its constructor threw (${messageOf(cause)})`, { cause });
  }
}

/**
 * Keeps a client trying. When a connector fails before it has made a stream, ioredis takes it that there is nothing to
 * try again; a connector that throws, or makes something else, even leaves it waiting, or ends the process.
 */
export function keepTrying(client: Redis, tell: Tell): void {
  // Private by ioredis' types. Where there is none, as in a mock, there is nothing to guard.
  const connector: unknown = Reflect.get(client, 'connector');
  if (typeof connector === 'object' && connector !== null) guard(connector, tell, null);
}

/** The address to which a client was last connected; null: to none, or not over TCP. */
export function lastAddressOf(client: Redis): Address | null {
  const connector: unknown = Reflect.get(client, 'connector');
  return (typeof connector === 'object' && connector !== null && addresses.get(connector)) || null;
}

/** A socket knows the address only while it is connected. */
function noteAddress(connector: object, stream: unknown): void {
  if (!(stream instanceof Socket)) return;
  stream.once('connect', () => {
    const { remoteAddress: host, remotePort: port } = stream;
    if (host !== undefined && port !== undefined) addresses.set(connector, { host, port });
  });
}

/** @param patience ms; null: what connects tells by itself how it goes, as ioredis' own do */
function guard(connector: object, tell: Tell, patience: number | null): void {
  const [connect, check, disconnect] = METHODS.map((method): unknown => Reflect.get(connector, method));
  if (typeof connect !== 'function' || guarded.has(connector)) return;
  guarded.add(connector);
  let late: Timer | null = null;
  Reflect.set(connector, 'connect', async (...args: unknown[]) => {
    // Meanwhile ioredis waits, without a word: nothing has failed.
    if (patience !== null) {
      late = after(patience, () => tell('Connector', `has made no connection within ${patience} ms`));
      late.unref();
    }
    try {
      const stream: unknown = await Reflect.apply(connect, connector, args);
      const missing = missingIn(stream);
      if (missing !== null) throw new TypeError(`Connector made ${kindOf(stream)}, which has no ${missing}`);
      noteAddress(connector, stream);
      return stream;
    } catch (error) {
      // By sentinelRetryStrategy.
      if (messageOf(error).includes('retry is disabled')) throw error;
      // A stream that is closed already: ioredis tells this error of it, and asks retryStrategy when to try again.
      Reflect.set(connector, 'firstError', isError(error) ? error : new Error(messageOf(error)));
      return new Socket().destroy();
    } finally {
      cancel(late);
    }
  });
  if (typeof check === 'function') {
    Reflect.set(connector, 'check', (...args: unknown[]) => {
      try {
        return Boolean(Reflect.apply(check, connector, args));
      } catch (error) {
        tell('Connector', `threw in check() (${messageOf(error)})`, error);
        return false;
      }
    });
  }
  if (typeof disconnect === 'function') {
    Reflect.set(connector, 'disconnect', (...args: unknown[]) => {
      cancel(late);
      try {
        Reflect.apply(disconnect, connector, args);
      } catch (error) {
        tell('Connector', `threw in disconnect() (${messageOf(error)})`, error);
      }
    });
  }
}

/** What ioredis would call of the stream and not find. */
function missingIn(stream: unknown): string | null {
  if (typeof stream !== 'object' || stream === null) return 'methods of a socket';
  // Of one that is connecting it needs all that a socket has.
  if (Reflect.get(stream, 'connecting') === true && !(stream instanceof Socket))
    return 'connection of a socket';
  return STREAM_METHODS.find((method) => typeof Reflect.get(stream, method) !== 'function') ?? null;
}
