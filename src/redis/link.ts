import type { Connection } from '../options';
import { isGiven, readable } from '../schedule/given';
import { PROCESS_TIME, type Time } from '../time/time';
import { type Client, checkPrefix, connect, spaceOf } from './connection';
import { Keys } from './keys';

/** An instance, as far as it matters to what stands in for Redis. */
export interface Linked {
  readonly id: string;
  /** See `Bossman.quit`; null: the default timeout. */
  quit(timeout: number | null): Promise<void>;
  /** Ends as if its process had died. */
  die(): void;
}

/** Makes the connections of an instance, to Redis or to what stands in for it. */
export interface Link {
  /** The time in which the instance lives. */
  readonly time: Time;
  /** @throws TypeError or RangeError for a `connection` that no connection can be made with */
  connect(role: 'commands' | 'subscriber'): Client;
}

/**
 * The property with which a `connection` brings a link of its own: a function that makes one for each instance. That of a
 * fleet in memory has it, and nothing of such a fleet is loaded here. A registered symbol, as a program may have two copies
 * of this module.
 */
export const LINK = Symbol.for('bossman.link');

/**
 * Connects an instance.
 *
 * @param connection as the user gave it
 * @throws TypeError or RangeError, naming the option and its value
 */
export function openLink(connection: Connection | undefined, prefix: string, instance: Linked) {
  checkPrefix(prefix, connection);
  const link = linkOf(connection, instance);
  const client = link.connect('commands');
  const subscriber = link.connect('subscriber');
  const { db, keyPrefix } = spaceOf(client);
  return { client, subscriber, keys: new Keys(prefix, keyPrefix, db), time: link.time };
}

function linkOf(connection: Connection | undefined, instance: Linked): Link {
  const own: unknown =
    typeof connection === 'object' &&
    isGiven(connection) &&
    readable('connection', () => Reflect.get(connection, LINK));
  if (typeof own === 'function') return own(instance);
  return { time: PROCESS_TIME, connect: (role) => connect(connection, role) };
}
