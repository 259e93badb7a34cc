import type { Cluster, Redis } from 'ioredis';
import { messageOf } from '../errors';

/** What Redis itself says to HELLO when the other protocol would be of no help. */
const NOT_THE_PROTOCOL = /max number of clients|password|^-?(NOAUTH|WRONGPASS|NOPROTO|LOADING)\b/;

/**
 * Has ioredis speak RESP2 where HELLO is refused in whatever words. By itself it does so only for the words of Redis; to a
 * proxy with others it would connect again and again.
 *
 * What a client duplicates has this as well.
 */
export function speakEitherProtocol(client: Redis): void {
  wrap(client, 'hello', (answer: unknown) => Promise.resolve(answer).catch(asProtocol));
  wrap(client, 'duplicate', (copy: Redis) => {
    speakEitherProtocol(copy);
    return copy;
  });
}

/** The same for each node of a Cluster. */
export function speakEitherProtocolTo(cluster: Cluster): void {
  cluster.on('+node', speakEitherProtocol);
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

/** Own properties, as ioredis' methods stand on its prototype. */
function wrap<T>(client: Redis, method: 'hello' | 'duplicate', then: (answer: T) => unknown): void {
  const original: unknown = Reflect.get(client, method);
  // ioredis 5 knows no HELLO by itself.
  if (typeof original !== 'function') return;
  Reflect.set(client, method, (...args: unknown[]) => then(Reflect.apply(original, client, args)));
}
