import type { Redis } from 'ioredis';
import { waitFor } from './wait';

/**
 * Resolves when the server has no connection any more that is ours, and nobody listens to the bell.
 *
 * @param isOurs of a line of CLIENT LIST
 * @throws Error when one stays
 */
export async function allHungUp(
  redis: Redis,
  bell: string,
  isOurs: (client: string) => boolean,
): Promise<void> {
  let left: string[] = [];
  const isOver = async () => {
    const clients = String(await redis.client('LIST'))
      .trim()
      .split('\n');
    const [, listeners] = await redis.pubsub('NUMSUB', bell);
    left = clients.filter(isOurs);
    return left.length === 0 && Number(listeners) === 0;
  };
  await waitFor('all connections to be closed after the test', isOver).catch((error: Error) => {
    throw new Error([error.message, ...left].join('\n'), { cause: error });
  });
}
