import type { Redis } from 'ioredis';
import { BossmanError, messageOf } from '../errors';
import type { Teller } from '../events';
import { addressOf, type Client, closedReasonOf, reasonOf } from '../redis/connection';

/**
 * Tells what becomes of one of an instance's connections: each outage once, and when it is over.
 *
 * @param hasQuit from then on a connection that breaks is what was wanted
 */
export function tellOutages(
  client: Client,
  role: 'command' | 'subscriber',
  teller: Teller,
  hasQuit: () => boolean,
): void {
  const where = `${role} connection to ${addressOf(client)}`;
  const trouble = (topic: string, message: string, cause?: unknown) => {
    if (hasQuit()) return;
    teller.trouble(new BossmanError('CONNECTION', message, null, cause), topic, role);
  };
  const failed = (reason: string, cause?: unknown) =>
    trouble('connection', `the ${where} failed (${reason}); trying again until it works`, cause);
  client.on('error', (cause) => failed(reasonOf(cause), cause));
  let wasReady = false;
  client.on('reconnecting', () => {
    // To ioredis it is no error that a connection is accepted and closed, as a proxy or a port for TLS may do for ever.
    if (!wasReady) failed(closedReasonOf(client));
    wasReady = false;
  });
  // While a Cluster connects, its own error says what the last node said.
  client.on('node error', (cause, node) => {
    if (client.status !== 'ready') return;
    const message = `the ${role} connection to ${node}, a node of the cluster, failed (${messageOf(cause)}); trying again until it works`;
    trouble(`node ${node}`, message, cause);
  });
  client.on('+node', (node: Redis) => node.on('ready', () => teller.over(`node ${addressOf(node)}`, role)));
  client.on('ready', () => {
    wasReady = true;
    teller.over('connection', role);
  });
  client.on('end', () =>
    trouble('end', `the ${where} was given up, as its retryStrategy says; make a new instance`),
  );
}
