import { type Cluster, type ClusterNode, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';
import { shown } from '../errors';
import type { Connection } from '../options';
import { within } from '../time/timers';
import { keepTrying, lastAddressOf, type Tell } from './connectors';
import { formOf, isCluster, portOf } from './forms';
import { guardHandshake, guardHandshakes } from './handshake';
import { guardedClusterFunctions, guardedFunctions } from './option-functions';
import { checkDatabaseInCluster, checkedClusterOptions, checkedNode, checkedOptions } from './option-values';
import { readInTurns } from './reading';
import { UNREADY } from './refusals';
import { readUrl } from './url';

export { isCluster };

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
  monitor: false,
  // Commands of the caller's own, perhaps under the names of those that are used here.
  scripts: undefined,
  himportFieldsets: undefined,
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
  // A replica may not yet have what was written a moment ago.
  scaleReads: 'master',
  scripts: undefined,
  himportFieldsets: undefined,
} as const satisfies ClusterOptions;

/** ms; a dead peer is noticed by TCP keep-alive, as an idle instance sends nothing. */
const KEEP_ALIVE = 30_000;

/** ms without a word on a connection that owes an answer; after that it is made anew, and the commands are sent again. */
const SILENCE = 10_000;

/** Emitted by a client of ours when a function among the caller's options threw, or returned nonsense. */
export const OPTION_ERROR = 'option error';

/**
 * Makes a client of our own.
 *
 * @throws TypeError or RangeError when `connection`, or an option in it, is nothing that a connection can be made with
 * @see https://github.com/redis/ioredis#connect-to-redis
 */
export function connect(connection: Connection | undefined, role: 'commands' | 'subscriber'): Client {
  const form = formOf(connection);
  // Functions among the options are called once this has returned.
  const tell: Tell = (option, problem, cause) => client.emit(OPTION_ERROR, option, problem, cause);
  const required = {
    ...REQUIRED,
    // Subscriptions are renewed by the listener: only it knows when one is acknowledged.
    autoResubscribe: role === 'commands',
  };
  const client: Client =
    'cluster' in form ? clusterLike(form.cluster, required, tell) : clientOf(form, required, tell);
  for (const failure of ['error', 'node error']) client.on(failure, hideArguments);
  if (isCluster(client)) {
    client.on('+node', readInTurns);
    guardHandshakes(client);
  } else {
    readInTurns(client);
    guardHandshake(client);
  }
  return client;
}

function clusterLike(given: Cluster, required: typeof REQUIRED & RedisOptions, tell: Tell): Cluster {
  const options = checkedClusterOptions(given.options ?? {}, 'connection.options');
  const { redisOptions = {} } = options;
  return given.duplicate(checkedNodes(nodesOf(given), tell), {
    ...options,
    ...guardedClusterFunctions(options, tell),
    ...REQUIRED_OF_CLUSTER,
    redisOptions: {
      ...redisOptions,
      ...guardedFunctions(redisOptions, tell),
      ...required,
      // Nodes that no command goes to are not connected.
      lazyConnect: true,
      ...livenessOf(redisOptions, tell),
    },
  });
}

function checkedNodes(nodes: unknown[], tell: Tell): ClusterNode[] {
  return nodes.map((node, index) => {
    const at = `connection.nodes[${index}]`;
    if (typeof node === 'string') {
      checkDatabaseInCluster(readUrl(node), at);
      return node;
    }
    if (typeof node === 'number') return portOf(node);
    const checked = checkedNode(node, at);
    checkDatabaseInCluster(checked, at);
    return { ...checked, ...guardedFunctions(checked, tell) };
  });
}

function clientOf(
  form: { options: RedisOptions } | { client: Redis },
  required: typeof REQUIRED & RedisOptions,
  tell: Tell,
): Redis {
  const options =
    'client' in form ? checkedOptions(form.client.options ?? {}, 'connection.options') : form.options;
  const ours = {
    ...options,
    ...guardedFunctions(options, tell),
    ...required,
    // Connected below, once that which makes its sockets is guarded.
    lazyConnect: true,
    ...('client' in form && options.db && isOfVersion5(options) && { enableReadyCheck: true }),
    ...livenessOf(options, tell),
  };
  const client = 'client' in form ? form.client.duplicate(ours) : new Redis(ours);
  keepTrying(client, tell);
  client.connect().catch(() => {});
  return client;
}

/**
 * Of a client. Without its ready check ioredis 5 sends commands before it knows that it has the database that was asked
 * for.
 */
function isOfVersion5(options: RedisOptions): boolean {
  return !('protocol' in options);
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
      ? 'no node became ready; can this process reach the addresses in CLUSTER SLOTS?'
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
  // What is no string is refused as an option.
  if (typeof keyPrefix === 'string' && !/^[^{]*\{[^}]+\}/s.test(keyPrefix + prefix)) {
    throw new RangeError(
      `prefix: ${shown(prefix)} has no hash tag, which a Cluster needs to keep all keys on one node; use '{${prefix}}'`,
    );
  }
}

/** The database and key prefix that a client uses. */
export function spaceOf(client: Client): { db: number; keyPrefix: string } {
  const db = isCluster(client) ? 0 : (client.options.db ?? 0);
  return { db, keyPrefix: client.options.keyPrefix ?? '' };
}

/** What a connection of one's own needs to reach what the client does; null: no Sentinel has told the address yet. */
export function placeOf(client: Client): Place | null {
  if (!isCluster(client)) return client.options.sentinels ? foundPlaceOf(client) : client.options;
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

/** Where Sentinel led a client the last time. */
function foundPlaceOf(client: Redis): Place | null {
  const address = lastAddressOf(client);
  const { enableTLSForSentinelMode, tls } = client.options;
  return address && { ...address, ...(enableTLSForSentinelMode && tls && { tls }) };
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

/** How a connection that leads nowhere is noticed: by its silence, or, at a primary that was demoted, by its refusals. */
function livenessOf(options: RedisOptions, tell: Tell) {
  return {
    keepAlive: keepAliveOf(options),
    socketTimeout: options.socketTimeout ?? SILENCE,
    reconnectOnError:
      guardedFunctions(options, tell).reconnectOnError ??
      ((error: Error) => error.message.startsWith('READONLY')),
  };
}

function keepAliveOf({ keepAlive }: RedisOptions): number {
  return typeof keepAlive === 'number' && keepAlive > 0 ? Math.min(keepAlive, KEEP_ALIVE) : KEEP_ALIVE;
}
