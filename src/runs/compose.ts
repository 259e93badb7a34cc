import { BossmanError } from '../errors';

/** Calls the next QA, or finally `work`, and resolves with its result. */
type Next = () => Promise<unknown>;

/** One link of the chain around `work`. */
export type Link = (next: Next) => unknown;

/**
 * Runs a chain of QAs around `work`, the first one outermost. Settles when the chain and everything that it started have
 * settled, so that the lock is kept even if a QA does not await `next()`.
 *
 * Rejects with the error of the outermost link, with the error of an inner link that was not awaited, or with `NEXT_TWICE` if a
 * link called `next()` twice, even if that link caught the error.
 *
 * @param onLate a link called `next()` after the run had ended: nothing is called, because the lock is released
 */
export async function compose(
  links: Link[],
  work: () => unknown,
  onLate: (error: BossmanError) => void,
): Promise<unknown> {
  const started = new Set<Promise<unknown>>();
  let reached = -1;
  let twice: BossmanError | null = null;
  let over = false;

  const run = (position: number): Promise<unknown> => {
    const link = links[position];
    // An async function, so that a synchronous throw becomes a rejection.
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
