import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { messageOf } from '../../errors';
import { type Client, isCluster } from '../../redis/connection';
import type { Keys } from '../../redis/keys';
import { type Finding, fail, ok, unknown, warn } from './finding';

const RIGHTS = 'see "Access rights" in docs/operations.md for what a user needs';

/** A command that is tried, and its arguments. */
type Trial = [command: string, ...args: string[]];

/** The commands of an instance and its scripts, each once. */
export function trialsOfInstance(keys: Keys): Trial[] {
  const name = probeName();
  const [lock, trigger] = [keys.lock(name), keys.trigger(name)];
  return [
    ['EVAL', 'return 1', '1', keys.due],
    ['EVALSHA', '0'.repeat(40), '1', keys.due],
    ['TIME'],
    ['GET', lock],
    ['SET', lock, name, 'PX', '1'],
    ['DEL', lock],
    ['PTTL', lock],
    ['PEXPIRE', lock, '1'],
    ['EXISTS', trigger],
    ['HGET', keys.plans, name],
    ['HGET', keys.paused, name],
    ['HMGET', keys.plans, name],
    ['HSET', keys.runs, name, name],
    ['HDEL', keys.recovers, name],
    ['HRANDFIELD', keys.demands, '1'],
    ['ZADD', keys.due, '1', name],
    ['ZREM', keys.due, name],
    ['ZSCORE', keys.due, name],
    ['ZRANGEBYSCORE', keys.due, '0', '1'],
    ['XADD', keys.history(name), '*', 'run', name],
    ['XDEL', keys.history(name), '1-0'],
    ['PUBLISH', keys.bell, name],
    ['PUBSUB', 'NUMSUB', keys.bell],
    ['PUBSUB', 'CHANNELS', keys.bell],
  ];
}

/** The commands that only this program uses. */
function trialsOfObserver(keys: Keys): Trial[] {
  const name = probeName();
  return [
    ['HSCAN', keys.plans, '0'],
    ['ZSCAN', keys.due, '0'],
    ['MGET', keys.lock(name)],
    ['HLEN', keys.answers(name)],
    ['HKEYS', keys.answers(name)],
    ['XREVRANGE', keys.history(name), '+', '-'],
  ];
}

function probeName(): string {
  return `doctor-${randomBytes(8).toString('hex')}`;
}

/** Which commands of an instance, and of this program, the user may not use. */
export async function checkRights(client: Client, keys: Keys, info: boolean): Promise<Finding[]> {
  const connection = connectionLike(client);
  try {
    const findings = await checkCommands(connection, keys);
    if (!info) {
      const meaning = 'ioredis prints a warning at each start, and may send commands while Redis loads';
      findings.push(warn('info', 'INFO is refused', meaning));
    }
    return [...findings, await checkChannel(connection, keys)];
  } finally {
    connection.disconnect();
  }
}

/** A separate connection, so that no other command becomes part of the transaction. */
function connectionLike(client: Client): Redis {
  const [node] = isCluster(client) ? client.nodes('master') : [client];
  if (!node) throw new Error('the cluster has no primary');
  const connection = node.duplicate({
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    lazyConnect: false,
  });
  connection.on('error', () => {});
  return connection;
}

async function checkCommands(connection: Redis, keys: Keys): Promise<Finding[]> {
  let refused: { instance: string[]; observer: string[] };
  try {
    refused = {
      instance: await refusedOf(connection, trialsOfInstance(keys)),
      observer: await refusedOf(connection, trialsOfObserver(keys)),
    };
  } catch (refusal) {
    return [await checkScripts(connection, keys, refusal)];
  }
  const { instance, observer } = refused;
  return [
    instance.length === 0
      ? ok('rights', 'everything that an instance does is permitted')
      : fail('rights', `refused: ${instance.join('; ')}`, RIGHTS),
    observer.length === 0
      ? ok('inspection', 'everything that this program does is permitted')
      : warn(
          'inspection',
          `refused: ${observer.join('; ')}`,
          'list, watch and history need it; instances do not',
        ),
  ];
}

/** Without transactions, only EVAL is tried, with a script that changes nothing. */
async function checkScripts(connection: Redis, keys: Keys, refusal: unknown): Promise<Finding> {
  try {
    await connection.call('EVAL', 'return 1', '1', keys.due);
    return unknown('rights', 'MULTI', refusal);
  } catch (error) {
    return fail('rights', `EVAL is refused (${messageOf(error)})`, RIGHTS);
  }
}

/**
 * Finds the commands that the user may not use, without executing any: the server checks the rights when it queues a command
 * of a transaction, and this transaction is discarded.
 *
 * @throws the server's error if MULTI is refused
 * @see https://redis.io/docs/latest/develop/interact/transactions/
 */
async function refusedOf(connection: Redis, trials: readonly Trial[]): Promise<string[]> {
  await connection.call('MULTI');
  const refused: string[] = [];
  for (const [command, ...args] of trials) {
    // The server checks the rights first, so any other error, such as a key on another node, means that they suffice.
    await connection.call(command, args).catch((error) => {
      const message = messageOf(error);
      if (/^NOPERM|unknown command/i.test(message))
        refused.push(`${command} (${message.replace(/^NOPERM /, '')})`);
    });
  }
  await connection.call('DISCARD');
  return refused;
}

async function checkChannel(connection: Redis, keys: Keys): Promise<Finding> {
  try {
    await connection.subscribe(keys.bell);
    return ok('bell', 'subscribing to its channel is permitted');
  } catch (refusal) {
    return warn(
      'bell',
      `${keys.bell} cannot be subscribed to (${messageOf(refusal)})`,
      'instances look for demands only once per ttl, send more requests, and do not answer roll calls',
    );
  }
}
