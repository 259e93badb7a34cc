import Redlock, { Lock, ResourceLockedError } from 'redlock';
import type { Client } from '../redis/connection';

/** What became of a renewal. `foreign`: the lock is gone, or another's. */
export type Renewal = 'renewed' | 'foreign' | { failed: unknown };

/**
 * Renews the locks that claims and takes have set. They are redlock's in key and value, so an instance of the original
 * keeps off them; redlock's own clock is left out of it, as it is the wall clock of this process.
 *
 * @see https://redis.io/docs/latest/develop/clients/patterns/distributed-locks/
 */
export class Locks {
  private readonly redlock: Redlock;

  constructor(client: Client) {
    this.redlock = new Redlock([client], { retryCount: 0 });
  }

  /** Sets the lock's rest to `ttlMs` if the token still holds it. Never rejects. */
  async renew(key: string, token: string, ttlMs: number): Promise<Renewal> {
    const lock = new Lock(this.redlock, [key], token, [], Number.POSITIVE_INFINITY);
    try {
      await lock.extend(ttlMs);
      return 'renewed';
    } catch (error) {
      const votes = await firstVotes(error);
      return votes.some((vote) => vote instanceof ResourceLockedError)
        ? 'foreign'
        : { failed: votes[0] ?? error };
    }
  }
}

/** Why the server said no: redlock's error has statistics of each try, and there is one try at one server. */
async function firstVotes(error: unknown): Promise<unknown[]> {
  if (!(error instanceof Error) || !('attempts' in error) || !Array.isArray(error.attempts)) return [];
  const stats: unknown = await error.attempts[0];
  if (typeof stats !== 'object' || stats === null || !('votesAgainst' in stats)) return [];
  return stats.votesAgainst instanceof Map ? [...stats.votesAgainst.values()] : [];
}
