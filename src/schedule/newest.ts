/** The value of the key, which becomes the newest. */
export function recall<T>(kept: Map<string, T>, key: string): T | undefined {
  const value = kept.get(key);
  if (value !== undefined) {
    kept.delete(key);
    kept.set(key, value);
  }
  return value;
}

/** Stores a value as the newest, and drops the oldest if there are more than `most`. */
export function keepNewest<T>(kept: Map<string, T>, key: string, value: T, most: number): void {
  kept.set(key, value);
  const [oldest] = kept.keys();
  if (kept.size > most && oldest !== undefined) kept.delete(oldest);
}
