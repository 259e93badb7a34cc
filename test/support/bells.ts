import type { Redis } from 'ioredis';
import { type Bell, bellsIn } from '../../src/hints/bell';

/** What a bell says, by Redis' clock alone: no stall of a process that only reads it changes that. */
export interface Bells {
  /** Bells of a kind, in the order in which they rang. */
  of<K extends Bell['kind']>(kind: K): Extract<Bell, { kind: K }>[];
  close(): void;
}

/**
 * Resolves when the channel is heard. It is one listener more.
 *
 * @param kept the only kind of bell to keep: a test that measures the heap must not grow it with all others
 */
export async function hearBells(redis: Redis, channel: string, kept?: Bell['kind']): Promise<Bells> {
  const bells: Bell[] = [];
  const subscriber = redis.duplicate();
  subscriber.on('error', () => {});
  subscriber.on('message', (_channel, message: string) => {
    for (const bell of bellsIn(message)) if (!kept || bell.kind === kept) bells.push(bell);
  });
  await subscriber.subscribe(channel);
  return {
    of: <K extends Bell['kind']>(kind: K) =>
      bells.filter((bell): bell is Extract<Bell, { kind: K }> => bell.kind === kind),
    close: () => subscriber.disconnect(),
  };
}
