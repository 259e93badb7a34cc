import { once } from 'node:events';
import type Bossman from 'bossman';
import type { BossmanEvents } from 'bossman';

/**
 * Resolves with the next event of that name about the job: no sleeping, and no polling. Listen before you demand.
 * Rejects with the first `error`, so that a failing job fails its test with its own cause, and when the time is up.
 */
export async function next<E extends Exclude<keyof BossmanEvents, 'error'>>(
  fred: Bossman,
  event: E,
  job: string,
  timeoutMs = 5000,
): Promise<BossmanEvents[E][0]> {
  const signal = AbortSignal.timeout(timeoutMs);
  for (;;) {
    const [told] = await once(fred, event, { signal });
    if (told.job === job) return told;
  }
}
