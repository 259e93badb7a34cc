/** Work that goes on until it is let go. */
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
