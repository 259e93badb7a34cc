import { messageOf } from '../../errors';
import type { Client } from '../../redis/connection';
import { type NotificationFlags, notificationFlags } from '../../redis/notifications';
import { type Finding, ok, unknown, warn } from './finding';

const NEEDED = 'only needed if instances of the original share this Redis';

/** Whether Redis publishes the expiry of keys, and whether instances may switch that on. */
export async function checkNotifications(client: Client): Promise<Finding[]> {
  let found: NotificationFlags;
  try {
    found = await notificationFlags(client);
  } catch (refusal) {
    const advice = `${NEEDED}; set disableRedisConfig in the services, and notify-keyspace-events Ex in Redis`;
    return [
      unknown('notifications', 'CONFIG GET', refusal),
      warn('config', 'this user may not use CONFIG', advice),
    ];
  }
  const { flags, missing } = found;
  return [
    missing === ''
      ? ok('notifications', `on (${flags})`)
      : warn(
          'notifications',
          `off (${flags || 'no flags'})`,
          `${NEEDED}: set notify-keyspace-events Ex, or let instances set it`,
        ),
    await checkConfig(client),
  ];
}

/** Whether CONFIG SET is permitted, found out with ACL DRYRUN, because doctor changes no setting. */
async function checkConfig(client: Client): Promise<Finding> {
  try {
    const user = String(await client.call('ACL', 'WHOAMI'));
    const verdict = await client.call('ACL', 'DRYRUN', user, 'CONFIG', 'SET', 'notify-keyspace-events', 'Ex');
    return verdict === 'OK'
      ? ok('config', 'CONFIG may be used')
      : warn('config', String(verdict), `CONFIG SET is ${NEEDED}; set disableRedisConfig in the services`);
  } catch (refusal) {
    return warn(
      'config',
      `CONFIG GET is permitted; CONFIG SET cannot be checked (${messageOf(refusal)})`,
      `CONFIG SET is ${NEEDED}`,
    );
  }
}
