/** ms; the longest wait that setTimeout can hold: a longer one would fire at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/** Resolves when the promise does, at the latest after `ms`. */
export async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.min(LONGEST_TIMER, Math.max(0, ms)));
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
