import type { Redis } from 'ioredis';

/**
 * Resolves with how many listen to the channel: those that hear a message which no instance understands. PUBSUB NUMSUB
 * would do, but Valkey 9.1 answers nonsense for 5 to 16 listeners.
 */
export function listenersOf(redis: Redis, channel: string): Promise<number> {
  return redis.publish(channel, 'anybody');
}
