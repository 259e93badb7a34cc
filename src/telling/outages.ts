import type { Redis } from 'ioredis';
import { BossmanError } from '../errors';
import type { Teller } from '../events';
import { addressOf, type Client, closedReasonOf, OPTION_ERROR, reasonOf } from '../redis/connection';
import { askWhy, isOpaque } from '../redis/probe';
import { explained } from '../redis/refusals';
import { after, cancel, type Timer } from '../time/timers';

/** ms after which a Redis that accepted a connection but is not ready is probed for the reason. */
const SLOW = 2000;

/**
 * Reports each outage of one of an instance's connections once, and when it is over.
 *
 * @param hasQuit a connection that closes after this is no outage
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
  const report = (reason: unknown, cause: unknown) =>
    trouble('connection', `the ${where} failed (${explained(reason)}); trying again until it works`, cause);
  /** The first failure of this outage, while its reason is looked for; `asked`: that has finished. */
  let first: { cause: unknown } | 'asked' | null = null;
  const failed = (cause: unknown) => {
    if (hasQuit()) return;
    const reason = reasonOf(cause);
    if (first === null && isOpaque(reason)) {
      const failure = { cause };
      first = failure;
      void askWhy(client, reason, true).then((found) => {
        if (first !== failure) return;
        first = 'asked';
        report(found ?? reason, cause);
      });
      return;
    }
    // Otherwise a later failure would be reported instead of the first.
    if (first === null || first === 'asked') report(reason, cause);
  };
  client.on('error', failed);
  client.on(OPTION_ERROR, (option, problem, cause) =>
    trouble(`option ${option}`, `${option}, in the options of the ${where}, ${problem}`, cause),
  );
  let wasReady = false;
  client.on('reconnecting', () => {
    // ioredis emits no error if a connection is accepted and closed, as a proxy or a TLS port may do forever.
    if (!wasReady) failed(closedReasonOf(client));
    wasReady = false;
  });
  // ioredis emits no error either while Redis loads its data, however long that takes.
  let slow: Timer | null = null;
  client.on('connect', () => {
    slow = after(SLOW, () => {
      const late = new Error(`no answer within ${SLOW} ms`);
      if (client.status !== 'connect' || hasQuit()) return;
      void askWhy(client, late, true).then((found) => {
        if (found && client.status === 'connect') report(found, found);
      });
    });
    slow.unref();
  });
  client.on('close', () => cancel(slow));
  // While a Cluster connects, its own error contains the last node's error.
  client.on('node error', (cause, node) => {
    if (client.status !== 'ready') return;
    const message = `the ${role} connection to ${node}, a node of the cluster, failed (${explained(cause)}); trying again until it works`;
    trouble(`node ${node}`, message, cause);
  });
  client.on('+node', (node: Redis) => node.on('ready', () => teller.over(`node ${addressOf(node)}`, role)));
  client.on('ready', () => {
    wasReady = true;
    cancel(slow);
    // The outage ended before its reason was found.
    if (first !== null && first !== 'asked') report(reasonOf(first.cause), first.cause);
    first = null;
    teller.over('connection', role);
  });
  client.on('end', () =>
    trouble('end', `the ${where} was given up by its retryStrategy; create a new instance`),
  );
}
