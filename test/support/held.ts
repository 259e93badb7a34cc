import type Bossman from '../../src';

/** Work whose last run waits until it is let go. */
export function held() {
  let letGo = () => {};
  const work = () =>
    new Promise<void>((resolve) => {
      letGo = resolve;
    });
  return { work, letGo: () => letGo() };
}

/** How long a promise takes to settle, in ms. */
export async function msOf(promise: Promise<unknown>): Promise<number> {
  const began = performance.now();
  await promise;
  return performance.now() - began;
}

/** Work whose runs wait until they are let go, with the context of each run. Later runs end at once. */
export function heldRuns() {
  const contexts: Bossman.RunContext[] = [];
  const waiting: (() => void)[] = [];
  let free = false;
  const work = (context: Bossman.RunContext) => {
    contexts.push(context);
    return free ? undefined : new Promise<void>((resolve) => waiting.push(resolve));
  };
  /** @param once later runs are held again */
  const letGo = (once?: 'once') => {
    free = once !== 'once';
    for (const resolve of waiting.splice(0)) resolve();
  };
  return { work, contexts, letGo };
}
