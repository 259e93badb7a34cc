import { distance } from 'fastest-levenshtein';

/** The name that was probably meant, or null if none is similar. */
export function nearest(name: string, names: readonly string[]): string | null {
  const given = name.toLowerCase();
  // A third of the characters may differ; two in a short name.
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
