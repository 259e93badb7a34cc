import type { Cluster, Redis } from 'ioredis';
import { messageOf } from '../errors';

/** What Redis itself says to HELLO when the other protocol would be of no help. */
const NOT_THE_PROTOCOL = /max number of clients|password|^-?(NOAUTH|WRONGPASS|NOPROTO|LOADING)\b/;

/** Refusals of credentials that ioredis only warns of, and goes on. */
const ONLY_WARNED_OF =
  /no password is set|without any password configured|wrong number of arguments for 'auth'/;

/**
 * Guards what ioredis sends first on each connection. What the client duplicates is guarded as well.
 *
 * It speaks RESP2 where HELLO is refused in whatever words. By itself ioredis does so only for the words of Redis; to a
 * proxy with others it would connect again and again.
 *
 * It uses no other database than the one asked for. By itself ioredis reports that SELECT was refused, and goes on in
 * database 0.
 */
export function guardHandshake(client: Redis): void {
  // HELLO was refused, and with it the rest of the handshake, as ioredis reports or mends.
  let unwelcome = false;
  // ioredis 5 knows no HELLO by itself.
  wrap(client, 'hello', (answer) => {
    unwelcome = false;
    return Promise.resolve(answer).catch((error) => {
      unwelcome = !ONLY_WARNED_OF.test(messageOf(error));
      asProtocol(error);
    });
  });
  wrap(client, 'select', (answer, db) => {
    const { stream } = client;
    // No more steps than there are above: the answers often come together, and their order counts.
    return Promise.resolve(answer).catch((error) => {
      if (unwelcome) {
        // The handshake may come again on this connection, without HELLO.
        unwelcome = false;
        throw error;
      }
      if (client.stream === stream && stream.writable) giveUpConnection(client, refusedDatabase(db, error));
      // Never settles, so that ioredis does not go on.
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
  // Its advice, with the words "no password is set", would have ioredis warn of a password that nobody gave.
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

/** As ioredis does where it is not let in: rejects what waits, and connects again when `retryStrategy` says so. */
function giveUpConnection(client: Redis, error: Error): void {
  client.recoverFromFatalError(error, error, {});
  // ioredis 5 asks for INFO without waiting for SELECT. It takes the answer for that of an earlier connection.
  const epoch: unknown = Reflect.get(client, 'connectionEpoch');
  if (typeof epoch === 'number') Reflect.set(client, 'connectionEpoch', epoch + 1);
}

/** Own properties, as ioredis' methods stand on its prototype. */
function wrap(
  client: Redis,
  method: 'hello' | 'select' | 'duplicate',
  then: (answer: unknown, firstArgument: unknown) => unknown,
): void {
  const original: unknown = Reflect.get(client, method);
  if (typeof original !== 'function') return;
  Reflect.set(client, method, (...args: unknown[]) => then(Reflect.apply(original, client, args), args[0]));
}
