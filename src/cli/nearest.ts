import { distance } from 'fastest-levenshtein';

/** The one of the names that was probably meant, or null when none is like it. */
export function nearest(name: string, names: readonly string[]): string | null {
  const given = name.toLowerCase();
  // A third of it may be wrong, and of a short name two letters.
  let least = Math.max(2, Math.floor(name.length / 3)) + 1;
  let found: string | null = null;
  for (const one of names) {
    const apart = distance(given, one.toLowerCase());
    if (apart >= least) continue;
    least = apart;
    found = one;
  }
  return found;
}
