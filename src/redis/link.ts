import type { Connection } from '../options';
import { isGiven, readable } from '../schedule/given';
import { PROCESS_TIME, type Time } from '../time/time';
import { type Client, checkPrefix, connect, spaceOf } from './connection';
import { Keys } from './keys';

/** The part of an instance that a replacement for Redis uses. */
export interface Linked {
  readonly id: string;
  /** See `Bossman.quit`; null: the default timeout. */
  quit(timeout: number | null): Promise<void>;
  /** Ends as if its process had died. */
  die(): void;
}

/** Makes an instance's connections to Redis, or to a replacement for it. */
export interface Link {
  /** The clock and timers that the instance uses. */
  readonly time: Time;
  /** @throws TypeError or RangeError for a `connection` that no connection can be made with */
  connect(role: 'commands' | 'subscriber'): Client;
}

/**
 * The property of a `connection` that provides a link: a function that creates one per instance. Connections to a fleet
 * in memory have it, so this module need not load that fleet. The symbol is registered because a program may contain
 * two copies of this module.
 */
export const LINK = Symbol.for('bossman.link');

/**
 * Connects an instance.
 *
 * @param connection as given by the user
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
