/** What is kept under the key, which is the newest from here on. */
export function recall<T>(kept: Map<string, T>, key: string): T | undefined {
  const value = kept.get(key);
  if (value !== undefined) {
    kept.delete(key);
    kept.set(key, value);
  }
  return value;
}

/** Keeps a value as the newest, and drops the oldest of more than `most`. */
export function keepNewest<T>(kept: Map<string, T>, key: string, value: T, most: number): void {
  kept.set(key, value);
  const [oldest] = kept.keys();
  if (kept.size > most && oldest !== undefined) kept.delete(oldest);
}
