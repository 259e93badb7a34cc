import { type Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';
import { shown } from '../errors';
import type { Connection } from '../options';
import { within } from '../time/timers';
import { speakEitherProtocol, speakEitherProtocolTo } from './hello';
import { UNREADY } from './refusals';

/** Where, and how, a connection is made. */
export type Place = Pick<RedisOptions, 'host' | 'port' | 'path' | 'tls' | 'family'>;

/** A connection to Redis as the rest of the code sees it; where the two differ, `isCluster` tells them apart. */
export type Client = Redis | Cluster;

/**
 * What an instance needs of each connection, whatever the caller's options say: commands wait for Redis for as long as it
 * takes, one at a time and in order, and numbers come as numbers.
 */
export const REQUIRED = {
  lazyConnect: false,
  enableOfflineQueue: true,
  autoResendUnfulfilledCommands: true,
  enableAutoPipelining: false,
  maxRetriesPerRequest: null,
  // Redis may well carry out what the caller was told has timed out.
  commandTimeout: undefined,
  // ms that a closing socket may keep the process alive.
  disconnectTimeout: 100,
  stringNumbers: false,
  replyMapping: 'legacy',
} as const satisfies RedisOptions;

/**
 * The same for a Cluster. There a broken connection gives its commands back, and they are redirected, after a wait (ms),
 * to whichever node serves them by then; none is given up.
 */
const REQUIRED_OF_CLUSTER = {
  lazyConnect: false,
  enableOfflineQueue: true,
  enableAutoPipelining: false,
  maxRedirections: Number.POSITIVE_INFINITY,
  retryDelayOnFailover: 200,
  retryDelayOnClusterDown: 200,
  retryDelayOnTryAgain: 200,
  // Without any wait, nodes that disagree would keep a command going round as fast as it can.
  retryDelayOnMoved: 10,
  clusterNodeRetryStrategy: null,
  shardedSubscribers: false,
} as const satisfies ClusterOptions;

/** ms; a dead peer is noticed by TCP keep-alive, as an idle instance sends nothing. */
const KEEP_ALIVE = 30_000;

/** ms without a word on a connection that owes an answer; after that it is made anew, and the commands are sent again. */
const SILENCE = 10_000;

/**
 * Makes a client of our own.
 *
 * @throws TypeError when `connection` is nothing that ioredis takes
 * @see https://github.com/redis/ioredis#connect-to-redis
 */
export function connect(connection: Connection | undefined, role: 'commands' | 'subscriber'): Client {
  const client = make(connection ?? {}, {
    ...REQUIRED,
    // Subscriptions are renewed by the listener: only it knows when one is acknowledged.
    autoResubscribe: role === 'commands',
  });
  for (const failure of ['error', 'node error']) client.on(failure, hideArguments);
  if (isCluster(client)) speakEitherProtocolTo(client);
  else speakEitherProtocol(client);
  return client;
}

function make(connection: Connection, required: typeof REQUIRED & RedisOptions): Client {
  if (typeof connection === 'number') {
    if (!Number.isInteger(connection) || connection < 1 || connection > 65535) {
      throw new RangeError(`connection: ${shown(connection)} is not a port`);
    }
    return make({ port: connection }, required);
  }
  if (typeof connection === 'string') return make(readUrl(connection), required);
  if (connection instanceof URL) return make(connection.href, required);
  if (typeof connection !== 'object') {
    throw new TypeError(
      `connection: ${shown(connection)} is neither a URL, a port, options of ioredis nor one of its clients`,
    );
  }
  if (isCluster(connection)) {
    const { redisOptions = {} } = connection.options;
    return connection.duplicate([], {
      ...REQUIRED_OF_CLUSTER,
      // Nodes that no command goes to are not connected.
      redisOptions: { ...required, lazyConnect: true, ...livenessOf(redisOptions) },
    });
  }
  if (isClient(connection)) return connection.duplicate({ ...required, ...livenessOf(connection.options) });
  // Options of another version of ioredis differ in types alone.
  const options = connection as RedisOptions;
  return new Redis({ ...options, ...required, ...livenessOf(options) });
}

/**
 * As ioredis reads it; but ioredis would let the query of a URL win over the options that stand beside it.
 *
 * @throws TypeError for what is no URL, without showing its password
 */
export function readUrl(url: string): RedisOptions {
  const options = optionsIn(url);
  // What is neither URL nor path is read as a path, with all that is in it.
  if (options && (url.startsWith('/') || !options.path)) return options;
  const hidden = url.replace(/^([a-z]+:?\/\/)?.*@/is, '$1***@').replace(/\?.*/s, '');
  throw new TypeError(
    `connection: ${shown(hidden)} is no URL like redis://:password@host:6379/0, with the password percent-encoded`,
  );
}

function optionsIn(url: string): RedisOptions | null {
  try {
    const reader = new Redis(url, { lazyConnect: true });
    reader.disconnect();
    return reader.options;
  } catch {
    // What was thrown shows the password.
    return null;
  }
}

/** Why a client failed; a Cluster's error does not say it, but has what its last node said. */
export function reasonOf(error: unknown): unknown {
  const nested =
    typeof error === 'object' && error !== null && 'lastNodeError' in error && error.lastNodeError;
  return nested || error;
}

/** Why a client did not become ready when there was no error. */
export function closedReasonOf(client: Client): Error {
  return new Error(
    isCluster(client)
      ? 'no node became ready; do the addresses in CLUSTER SLOTS lead to them?'
      : UNREADY.closed,
  );
}

/** Takes the command off an error before anybody is told: of a refused HELLO or AUTH the arguments are the password. */
export function hideArguments(error: unknown): void {
  if (typeof error !== 'object' || error === null) return;
  // Not `delete`, which throws for an error that is frozen.
  if ('command' in error) Reflect.deleteProperty(error, 'command');
  if ('lastNodeError' in error) hideArguments(error.lastNodeError);
}

/**
 * A prefix is to put all keys of a fleet in one slot of a Cluster.
 *
 * @throws RangeError when it does not
 * @see https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags
 */
export function checkPrefix(prefix: string, connection: Connection | undefined): void {
  if (typeof connection !== 'object' || connection === null || !isCluster(connection)) return;
  const { keyPrefix = connection.options.redisOptions?.keyPrefix ?? '' } = connection.options;
  if (!/^[^{]*\{[^}]+\}/s.test(keyPrefix + prefix)) {
    throw new RangeError(
      `prefix: ${shown(prefix)} has no hash tag, which a Cluster needs to keep all keys on one node: '{${prefix}}' has`,
    );
  }
}

/** The database and key prefix that a client uses. */
export function spaceOf(client: Client): { db: number; keyPrefix: string } {
  const db = isCluster(client) ? 0 : (client.options.db ?? 0);
  return { db, keyPrefix: client.options.keyPrefix ?? '' };
}

/** What a connection of one's own needs to reach what the client does; null where a sentinel knows the address. */
export function placeOf(client: Client): Place | null {
  if (!isCluster(client)) return client.options.sentinels ? null : client.options;
  const [first] = nodesOf(client);
  const { tls } = client.options.redisOptions ?? {};
  if (typeof first === 'object' && first !== null) return { ...first, ...(tls && { tls }) };
  if (typeof first === 'number') return { port: first, ...(tls && { tls }) };
  return typeof first === 'string' ? readUrl(first) : null;
}

/** Where a client connects to, for messages: never with its password. */
export function addressOf(client: Client): string {
  if (isCluster(client)) return `the cluster at ${startupNodesOf(client)}`;
  const { path, host, port, sentinels, name } = client.options;
  if (sentinels) return `sentinel ${name ?? ''}`.trim();
  return path ?? `${host ?? 'localhost'}:${port ?? 6379}`;
}

function startupNodesOf(cluster: Cluster): string {
  return nodesOf(cluster).map(addressOfNode).join(', ') || 'an unknown place';
}

function nodesOf(cluster: Cluster): unknown[] {
  // Private by ioredis' types, but what it does show, the nodes it knows, is empty before it is connected.
  const nodes: unknown = Reflect.get(cluster, 'startupNodes');
  return Array.isArray(nodes) ? nodes : [];
}

function addressOfNode(node: unknown): string {
  if (typeof node !== 'object' || node === null) {
    if (typeof node === 'number') return `127.0.0.1:${node}`;
    // A URL, or a host and port.
    return String(node)
      .replace(/^.*(@|\/\/)/s, '')
      .replace(/[/?].*/s, '');
  }
  const { host, port }: { host?: unknown; port?: unknown } = node;
  return `${host ?? '127.0.0.1'}:${port ?? 6379}`;
}

/** Closes a client. The commands on their way are answered first, if Redis does so within `ms`. */
export async function hangUp(client: Client, ms: number): Promise<void> {
  if (client.status === 'ready' && ms > 0) {
    const answered = client.quit().catch(() => {});
    await within(ms, answered);
  }
  if (client.status !== 'end') client.disconnect();
}

/** Not instanceof: the caller may have another copy of ioredis. */
export function isCluster(client: object): client is Cluster {
  return 'isCluster' in client && client.isCluster === true;
}

function isClient(connection: object): connection is Redis {
  return 'duplicate' in connection && typeof connection.duplicate === 'function';
}

/** How a connection that leads nowhere is noticed: by its silence, or, at a primary that was demoted, by its refusals. */
function livenessOf(options: RedisOptions) {
  return {
    keepAlive: keepAliveOf(options),
    socketTimeout: options.socketTimeout ?? SILENCE,
    reconnectOnError: options.reconnectOnError ?? ((error: Error) => error.message.startsWith('READONLY')),
  };
}

function keepAliveOf({ keepAlive }: RedisOptions): number {
  return keepAlive ? Math.min(keepAlive, KEEP_ALIVE) : KEEP_ALIVE;
}
