import { BossmanError, messageOf } from '../errors';
import type { Teller } from '../events';
import type { Client } from './connection';

const SETTING = 'notify-keyspace-events';

/**
 * Makes the server publish expired keys, keeping the flags that others have set. Reports a server that does not allow
 * CONFIG. Never rejects.
 *
 * @see https://redis.io/docs/latest/develop/use/keyspace-notifications/
 */
export async function enableNotifications(client: Client, teller: Teller): Promise<void> {
  try {
    const { flags, missing } = await notificationFlags(client);
    if (missing) await client.config('SET', SETTING, flags + missing);
    teller.over('notifications');
  } catch (cause) {
    const message = `may not use CONFIG (${messageOf(cause)}); set disableRedisConfig, and notify-keyspace-events Ex in Redis if instances of the original share it`;
    teller.trouble(new BossmanError('NOTIFICATIONS', message, null, cause), 'notifications');
  }
}

/** The value of `notify-keyspace-events`: one letter per flag. */
export interface NotificationFlags {
  flags: string;
  /** The flags to add so that expired keys are published; empty if they already are. */
  missing: string;
}

/** Rejects if CONFIG is not allowed. */
export async function notificationFlags(client: Client): Promise<NotificationFlags> {
  const flags = await settingOf(client, SETTING);
  // A stands for all kinds of event, x for expired keys; E is the channel per kind.
  const missing = `${flags.includes('E') ? '' : 'E'}${/[Ax]/.test(flags) ? '' : 'x'}`;
  return { flags, missing };
}

/** The value of one setting in the server's CONFIG; empty if the server does not have it. Rejects if Redis refuses. */
export async function settingOf(client: Client, name: string): Promise<string> {
  const reply: unknown = await client.config('GET', name);
  return Array.isArray(reply) ? String(reply[1] ?? '') : '';
}
