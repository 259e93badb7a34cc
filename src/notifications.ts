import type { Client } from './connection';

/**
 * Makes the server publish expired keys, with the flags kept that others have set. Rejects where CONFIG is not allowed.
 *
 * @see https://redis.io/docs/latest/develop/use/keyspace-notifications/
 */
export async function enableNotifications(client: Client): Promise<void> {
  const reply: unknown = await client.config('GET', 'notify-keyspace-events');
  const flags = Array.isArray(reply) ? String(reply[1] ?? '') : '';
  // A stands for all kinds of event, x for expired keys; E is the channel per kind.
  const missing = `${flags.includes('E') ? '' : 'E'}${/[Ax]/.test(flags) ? '' : 'x'}`;
  if (missing) await client.config('SET', 'notify-keyspace-events', flags + missing);
}
