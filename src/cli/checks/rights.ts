import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { type Client, isCluster } from '../../connection';
import { messageOf } from '../../errors';
import type { Keys } from '../../keys';
import { type Finding, fail, ok, unknown, warn } from './finding';

/**
 * What an instance and its scripts do, by command. They are tried for the user's rights only: Redis looks at these when it
 * queues a command of a transaction, and this one is discarded.
 */
export function trialsOf(keys: Keys): string[][] {
  const name = `doctor-${randomBytes(8).toString('hex')}`;
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
    ['HSET', keys.runs, name, name],
    ['HDEL', keys.recovers, name],
    ['HRANDFIELD', keys.demands, '1'],
    ['ZADD', keys.due, '1', name],
    ['ZREM', keys.due, name],
    ['ZSCORE', keys.due, name],
    ['ZRANGEBYSCORE', keys.due, '0', '1'],
    ['PUBLISH', keys.bell, name],
  ];
}

/** What the user may not do of all that an instance does. */
export async function checkRights(client: Client, keys: Keys, info: boolean): Promise<Finding[]> {
  const connection = connectionLike(client);
  try {
    const findings = [await checkCommands(connection, keys)];
    if (!info) {
      findings.push(
        warn(
          'info',
          'INFO is refused',
          'ioredis prints a warning at each start, and may send commands while Redis loads',
        ),
      );
    }
    return [...findings, await checkChannel(connection, keys)];
  } finally {
    connection.disconnect();
  }
}

/** A connection of our own, so that nothing comes between the first and the last command of the transaction. */
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

async function checkCommands(connection: Redis, keys: Keys): Promise<Finding> {
  const refused: string[] = [];
  try {
    await connection.call('MULTI');
  } catch (refusal) {
    return unknown('rights', 'MULTI', refusal);
  }
  for (const [command = '', ...args] of trialsOf(keys)) {
    // Everything but a refusal, such as that a key is on another node, comes after the look at the rights.
    await connection.call(command, args).catch((error) => {
      if (isRefusal(error)) refused.push(`${command}: ${messageOf(error).replace(/^NOPERM /, '')}`);
    });
  }
  await connection.call('DISCARD');
  if (refused.length === 0) return ok('rights', 'all that an instance does is permitted');
  return fail(
    'rights',
    `refused: ${refused.join('; ')}`,
    'see "What can go wrong" in the README for the rights of a user',
  );
}

async function checkChannel(connection: Redis, keys: Keys): Promise<Finding> {
  try {
    await connection.subscribe(keys.bell);
    return ok('bell', 'its channel may be listened to');
  } catch (refusal) {
    return fail(
      'bell',
      `${keys.bell} may not be subscribed to (${messageOf(refusal)})`,
      'without it instances do not hear one another, and nobody can see the fleet; permit the channel',
    );
  }
}

function isRefusal(error: unknown): boolean {
  return /^NOPERM|unknown command/i.test(messageOf(error));
}
