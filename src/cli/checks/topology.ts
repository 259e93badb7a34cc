import { messageOf } from '../../errors';
import type { Client } from '../../redis/connection';
import type { Keys } from '../../redis/keys';
import { type Finding, fail, warn } from './finding';

/**
 * Whether a Redis that is not connected to as a Cluster stores all keys of the fleet in one place. No finding if it does, or
 * if the user may not ask, which the check of the rights reports.
 *
 * @param isNode whether the server reports that it is a node of a Cluster
 */
export async function checkTopology(
  client: Client,
  keys: Keys,
  prefix: string,
  isNode: boolean,
): Promise<Finding[]> {
  const said = await refusalOf(client, keys);
  const found = isNode ? 'this is a node of a Cluster' : 'this Redis is sharded';
  if (/^CROSSSLOT\b/.test(said)) {
    const tagged = `'{${prefix}}'`;
    const advice = `use --prefix ${tagged}, and prefix: ${tagged} in the services`;
    return [
      fail('prefix', `${found}, and the keys of this prefix are not on one shard (${said})`, advice),
      ...(isNode ? [asCluster(found)] : []),
    ];
  }
  if (/^(MOVED|ASK|CLUSTERDOWN|TRYAGAIN)\b/.test(said)) return [asCluster(`${found} (${said})`)];
  if (!isNode) return [];
  return [
    said === ''
      ? warn(
          'topology',
          `${found}, and has all keys of this prefix`,
          'unless this is one endpoint for the whole Cluster, use --cluster; in a service, an ioredis Cluster',
        )
      : asCluster(found),
  ];
}

function asCluster(found: string): Finding {
  return fail('topology', found, 'use --cluster; in a service, pass an ioredis Cluster as connection');
}

/** The error for a script with two keys of the fleet; '' if Redis runs it. */
async function refusalOf(client: Client, keys: Keys): Promise<string> {
  try {
    await client.call('EVAL', 'return 1', '2', keys.plans, keys.due);
    return '';
  } catch (refusal) {
    return messageOf(refusal);
  }
}
