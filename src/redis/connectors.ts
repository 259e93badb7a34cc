import { Socket } from 'node:net';
import type { Redis, RedisOptions } from 'ioredis';
import { isError, kindOf, messageOf, shown } from '../errors';
import { after, cancel, type Timer } from '../time/timers';

/**
 * Called when a function in the caller's options throws or returns an invalid value.
 *
 * @param option its name
 * @param problem completes the sentence "OPTION …"
 */
export type Tell = (option: string, problem: string, cause?: unknown) => void;

type Connector = NonNullable<RedisOptions['Connector']>;

/** The methods that ioredis calls on a connector, and on the stream that it creates. */
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

/** ms; the default of ioredis' connectTimeout, which starts only once there is a stream. */
const PATIENCE = 10_000;

const guarded = new WeakSet<object>();

/** The address that each connector's stream last connected to. */
const addresses = new WeakMap<object, Address>();

interface Address {
  host: string;
  port: number;
}

/**
 * Wraps the caller's connector class so that every instance is guarded, including those for the nodes of a Cluster.
 *
 * @throws TypeError if it is not a connector class, perhaps only later, from its constructor
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

/** ms after which a connector without a stream is reported: `connectTimeout`, if it is shorter than the default. */
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
 * Keeps a client reconnecting. If a connector fails before it has created a stream, ioredis stops retrying. If a
 * connector throws or returns something else, ioredis waits forever or ends the process.
 */
export function keepTrying(client: Redis, tell: Tell): void {
  // Private in ioredis' types. A mock may have no connector, and then there is nothing to guard.
  const connector: unknown = Reflect.get(client, 'connector');
  if (typeof connector === 'object' && connector !== null) guard(connector, tell, null);
}

/** The address that a client last connected to; null if it never connected, or not over TCP. */
export function lastAddressOf(client: Redis): Address | null {
  const connector: unknown = Reflect.get(client, 'connector');
  return (typeof connector === 'object' && connector !== null && addresses.get(connector)) || null;
}

/** A socket knows its address only while it is connected. */
function noteAddress(connector: object, stream: unknown): void {
  if (!(stream instanceof Socket)) return;
  stream.once('connect', () => {
    const { remoteAddress: host, remotePort: port } = stream;
    if (host !== undefined && port !== undefined) addresses.set(connector, { host, port });
  });
}

/** @param patience ms; null: the connector reports its own progress, as ioredis' own connectors do */
function guard(connector: object, tell: Tell, patience: number | null): void {
  const [connect, check, disconnect] = METHODS.map((method): unknown => Reflect.get(connector, method));
  if (typeof connect !== 'function' || guarded.has(connector)) return;
  guarded.add(connector);
  let late: Timer | null = null;
  Reflect.set(connector, 'connect', async (...args: unknown[]) => {
    // ioredis waits silently meanwhile, because nothing has failed.
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
      // sentinelRetryStrategy asked to stop.
      if (messageOf(error).includes('retry is disabled')) throw error;
      // Return a closed stream: ioredis then reports this error and asks retryStrategy when to reconnect.
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

/** What ioredis needs and this stream lacks. */
function missingIn(stream: unknown): string | null {
  if (typeof stream !== 'object' || stream === null) return 'methods of a socket';
  // While the stream is connecting, ioredis needs the whole interface of a socket.
  if (Reflect.get(stream, 'connecting') === true && !(stream instanceof Socket))
    return 'connection of a socket';
  return STREAM_METHODS.find((method) => typeof Reflect.get(stream, method) !== 'function') ?? null;
}
