/** ms on the machine's monotonic clock, which all processes share. */
export function monotonic(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * The difference between the wall clock and the monotonic clock, in ms. `Date.now()` returns whole ms, so it is read at the
 * moment at which it changes.
 */
export function wallOffset(): number {
  const before = Date.now();
  let now = before;
  while (now === before) now = Date.now();
  return now - monotonic();
}
