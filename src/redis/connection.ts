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

/** Where and how to connect. */
export type Place = Pick<RedisOptions, 'host' | 'port' | 'path' | 'tls' | 'family'>;

/** A connection to Redis; `isCluster` distinguishes the two kinds. */
export type Client = Redis | Cluster;

/**
 * Options that an instance needs on each connection, overriding the caller's: commands wait for Redis as long as
 * necessary, one at a time and in order, and numbers arrive as numbers.
 */
export const REQUIRED = {
  lazyConnect: false,
  enableOfflineQueue: true,
  autoResendUnfulfilledCommands: true,
  enableAutoPipelining: false,
  maxRetriesPerRequest: null,
  // Redis may still execute a command that was reported as timed out.
  commandTimeout: undefined,
  // ms for which a closing socket may keep the process alive.
  disconnectTimeout: 100,
  stringNumbers: false,
  replyMapping: 'legacy',
  monitor: false,
  // The caller's own commands may have the same names as ours.
  scripts: undefined,
  himportFieldsets: undefined,
} as const satisfies RedisOptions;

/**
 * Required options for a Cluster. A broken connection returns its commands, which are then redirected after a delay
 * (ms) to whichever node serves them by then; none is dropped.
 */
const REQUIRED_OF_CLUSTER = {
  lazyConnect: false,
  enableOfflineQueue: true,
  enableAutoPipelining: false,
  maxRedirections: Number.POSITIVE_INFINITY,
  retryDelayOnFailover: 200,
  retryDelayOnClusterDown: 200,
  retryDelayOnTryAgain: 200,
  // Without a delay, nodes that disagree would keep a command circulating at full speed.
  retryDelayOnMoved: 10,
  clusterNodeRetryStrategy: null,
  shardedSubscribers: false,
  // A replica may not yet have the latest writes.
  scaleReads: 'master',
  scripts: undefined,
  himportFieldsets: undefined,
} as const satisfies ClusterOptions;

/** ms; TCP keep-alive detects a dead peer, because an idle instance sends nothing. */
const KEEP_ALIVE = 30_000;

/** ms of silence on a connection that owes an answer; after that it reconnects and resends its commands. */
const SILENCE = 10_000;

/** Emitted by our clients when a function in the caller's options threw or returned an invalid value. */
export const OPTION_ERROR = 'option error';

/**
 * Creates our own client.
 *
 * @throws TypeError or RangeError when `connection`, or an option in it, is invalid
 * @see https://github.com/redis/ioredis#connect-to-redis
 */
export function connect(connection: Connection | undefined, role: 'commands' | 'subscriber'): Client {
  const form = formOf(connection);
  // Functions in the options are called only after this has returned.
  const tell: Tell = (option, problem, cause) => client.emit(OPTION_ERROR, option, problem, cause);
  const required = {
    ...REQUIRED,
    // The listener resubscribes, because only it knows when a subscription is acknowledged.
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
      // Do not connect to nodes that receive no commands.
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
    // Connected below, once the connector is guarded.
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
 * Whether these are the options of an ioredis 5 client. Without its ready check, ioredis 5 sends commands before it
 * knows that the requested database was selected.
 */
function isOfVersion5(options: RedisOptions): boolean {
  return !('protocol' in options);
}

/** Why a client failed. A Cluster's own error does not say, but contains its last node's error. */
export function reasonOf(error: unknown): unknown {
  const nested =
    typeof error === 'object' && error !== null && 'lastNodeError' in error && error.lastNodeError;
  return nested || error;
}

/** Why a client did not become ready although there was no error. */
export function closedReasonOf(client: Client): Error {
  return new Error(
    isCluster(client)
      ? 'no node became ready; can this process reach the addresses in CLUSTER SLOTS?'
      : UNREADY.closed,
  );
}

/**
 * Removes the command from an error before it is reported: the arguments of a refused HELLO or AUTH include the
 * password.
 */
export function hideArguments(error: unknown): void {
  if (typeof error !== 'object' || error === null) return;
  // Not `delete`, which throws for a frozen error.
  if ('command' in error) Reflect.deleteProperty(error, 'command');
  if ('lastNodeError' in error) hideArguments(error.lastNodeError);
}

/**
 * Checks that a prefix puts all keys of a fleet into one slot of a Cluster.
 *
 * @throws RangeError when it does not
 * @see https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags
 */
export function checkPrefix(prefix: string, connection: Connection | undefined): void {
  if (typeof connection !== 'object' || connection === null || !isCluster(connection)) return;
  const { keyPrefix = connection.options.redisOptions?.keyPrefix ?? '' } = connection.options;
  // A prefix that is not a string is refused with the other options.
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

/** Where to open another connection to the same Redis; null if no Sentinel has returned the address yet. */
export function placeOf(client: Client): Place | null {
  if (!isCluster(client)) return client.options.sentinels ? foundPlaceOf(client) : client.options;
  const [first] = nodesOf(client);
  const { tls } = client.options.redisOptions ?? {};
  if (typeof first === 'object' && first !== null) return { ...first, ...(tls && { tls }) };
  if (typeof first === 'number') return { port: first, ...(tls && { tls }) };
  return typeof first === 'string' ? readUrl(first) : null;
}

/** The address that a client connects to, for messages; never includes its password. */
export function addressOf(client: Client): string {
  if (isCluster(client)) return `the cluster at ${startupNodesOf(client)}`;
  const { path, host, port, sentinels, name } = client.options;
  if (sentinels) return `sentinel ${name ?? ''}`.trim();
  return path ?? `${host ?? 'localhost'}:${port ?? 6379}`;
}

/** The last address that Sentinel returned. */
function foundPlaceOf(client: Redis): Place | null {
  const address = lastAddressOf(client);
  const { enableTLSForSentinelMode, tls } = client.options;
  return address && { ...address, ...(enableTLSForSentinelMode && tls && { tls }) };
}

function startupNodesOf(cluster: Cluster): string {
  return nodesOf(cluster).map(addressOfNode).join(', ') || 'an unknown address';
}

function nodesOf(cluster: Cluster): unknown[] {
  // Private in ioredis' types; the public list of known nodes is empty until the client has connected.
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

/** Closes a client, after its pending commands were answered if Redis does so within `ms`. */
export async function hangUp(client: Client, ms: number): Promise<void> {
  if (client.status === 'ready' && ms > 0) {
    const answered = client.quit().catch(() => {});
    await within(ms, answered);
  }
  if (client.status !== 'end') client.disconnect();
}

/** How a useless connection is detected: by silence, or, on a demoted primary, by the errors that it returns. */
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
