import type { Cluster, Redis } from 'ioredis';
import { messageOf } from '../errors';

/** Redis' own errors for HELLO where the other protocol would not help. */
const NOT_THE_PROTOCOL = /max number of clients|password|^-?(NOAUTH|WRONGPASS|NOPROTO|LOADING)\b/;

/** Refused credentials that ioredis only warns about before it continues. */
const ONLY_WARNED_OF =
  /no password is set|without any password configured|wrong number of arguments for 'auth'/;

/**
 * Guards the handshake that ioredis sends on each connection, including those of duplicates of the client.
 *
 * Falls back to RESP2 whenever HELLO is refused. ioredis does so only for Redis' own error messages; it would reconnect
 * to a proxy with other messages again and again.
 *
 * Uses only the requested database. ioredis reports a refused SELECT, and continues in database 0.
 */
export function guardHandshake(client: Redis): void {
  // HELLO was refused, and with it the rest of the handshake; ioredis reports that or recovers.
  let unwelcome = false;
  // ioredis 5 does not send HELLO.
  wrap(client, 'hello', (answer) => {
    unwelcome = false;
    return Promise.resolve(answer).catch((error) => {
      unwelcome = !ONLY_WARNED_OF.test(messageOf(error));
      asProtocol(error);
    });
  });
  wrap(client, 'select', (answer, db) => {
    const { stream } = client;
    // Do not add promise steps: the answers often arrive together, and their order matters.
    return Promise.resolve(answer).catch((error) => {
      if (unwelcome) {
        // The handshake may be repeated on this connection, without HELLO.
        unwelcome = false;
        throw error;
      }
      if (client.stream === stream && stream.writable) giveUpConnection(client, refusedDatabase(db, error));
      // Never settles, so that ioredis does not continue.
      return new Promise(() => {});
    });
  });
  wrap(client, 'duplicate', (copy) => {
    guardHandshake(copy as Redis);
    return copy;
  });
}

/** The same for each node of a Cluster. */
export function guardHandshakes(cluster: Cluster): void {
  cluster.on('+node', guardHandshake);
}

function asProtocol(error: unknown): never {
  const said = messageOf(error);
  // Drop Redis' advice: ioredis would take its words "no password is set" for a warning about a password, although none was
  // given.
  if (said.startsWith('DENIED'))
    throw new Error(said.replace(/(?<=protected mode).*/s, ''), { cause: error });
  // A connection that broke says nothing about the protocol.
  const isReply = /^-?[A-Z]+ /.test(said);
  if (isReply && !NOT_THE_PROTOCOL.test(said)) throw new Error(`NOPROTO ${said}`, { cause: error });
  throw error;
}

function refusedDatabase(db: unknown, cause: unknown): Error {
  return new Error(`${messageOf(cause)} (SELECT ${db})`, { cause });
}

/**
 * Does what ioredis does when Redis refuses it: rejects pending commands, and reconnects as `retryStrategy` decides.
 */
function giveUpConnection(client: Redis, error: Error): void {
  client.recoverFromFatalError(error, error, {});
  // ioredis 5 sends INFO without waiting for SELECT. The new epoch makes it ignore that answer as one from an earlier
  // connection.
  const epoch: unknown = Reflect.get(client, 'connectionEpoch');
  if (typeof epoch === 'number') Reflect.set(client, 'connectionEpoch', epoch + 1);
}

/** Sets own properties, because ioredis' methods are on its prototype. */
function wrap(
  client: Redis,
  method: 'hello' | 'select' | 'duplicate',
  then: (answer: unknown, firstArgument: unknown) => unknown,
): void {
  const original: unknown = Reflect.get(client, method);
  if (typeof original !== 'function') return;
  Reflect.set(client, method, (...args: unknown[]) => then(Reflect.apply(original, client, args), args[0]));
}
