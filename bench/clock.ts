/** ms on the machine's monotonic clock, which all processes share. */
export function monotonic(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** From the monotonic to the wall clock. The latter is read in whole ms: the moment one begins is exact. */
export function wallOffset(): number {
  const before = Date.now();
  let now = before;
  while (now === before) now = Date.now();
  return now - monotonic();
}
