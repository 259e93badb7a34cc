import { BossmanError } from '../errors';

/** Calls what lies inside: the next QA, at last `work`. Resolves with what that resolves with. */
type Next = () => Promise<unknown>;

/** One link of the chain around `work`. */
export type Link = (next: Next) => unknown;

/**
 * Runs a chain of QAs around `work`, the first registered outermost. Settles when the chain and everything that it
 * started have settled, so that a QA that does not wait for `next()` does not let go of the lock.
 *
 * Rejects with what the outermost link rejects with; with the failure of an inner link that nobody waited for; and with
 * `NEXT_TWICE` when a link called `next()` twice, even if that link caught it.
 *
 * @param onLate a link called `next()` after all was over: nothing is run, as the lock is gone
 */
export async function compose(
  links: Link[],
  work: () => unknown,
  onLate: (error: BossmanError) => void,
): Promise<unknown> {
  // Most runs: nothing to look after but the work itself.
  if (links.length === 0) return work();
  const started = new Set<Promise<unknown>>();
  let reached = -1;
  let twice: BossmanError | null = null;
  let over = false;

  const run = (position: number): Promise<unknown> => {
    const link = links[position];
    // An async function, so that what a link throws at once is a rejection like any other.
    const running = (async () => (link ? link(() => next(position + 1)) : work()))();
    started.add(running);
    const settled = () => started.delete(running);
    running.then(settled, settled);
    return running;
  };
  const next = (position: number): Promise<unknown> => {
    if (position > reached && !over) {
      reached = position;
      return run(position);
    }
    const error = over
      ? new BossmanError('NEXT_LATE', 'a QA called next() after its run was over; return or await its result')
      : new BossmanError('NEXT_TWICE', 'a QA called next() twice in one run; call it once');
    if (over) onLate(error);
    else twice = error;
    const refused = Promise.reject(error);
    refused.catch(() => {});
    return refused;
  };

  reached = 0;
  const [outermost] = await Promise.allSettled([run(0)]);
  let failure = outermost.status === 'rejected' ? outermost : null;
  while (started.size > 0) {
    for (const left of await Promise.allSettled(started)) {
      if (left.status === 'rejected') failure ??= left;
    }
  }
  over = true;
  if (twice) throw twice;
  if (failure) throw failure.reason;
  return outermost.status === 'fulfilled' ? outermost.value : undefined;
}
