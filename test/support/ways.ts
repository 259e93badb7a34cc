/** One way to get something, as an error names it. */
export interface Way<T> {
  name: string;
  /** Rejects with the reason why this way is closed. */
  take(): Promise<T>;
}

/**
 * Takes the first way that is open.
 * @throws AggregateError with a line per way that says why it was not
 */
export async function firstOpen<T>(what: string, ways: Way<T>[]): Promise<T> {
  const reasons: unknown[] = [];
  for (const way of ways) {
    try {
      return await way.take();
    } catch (reason) {
      reasons.push(reason);
    }
  }
  const lines = ways.map(({ name }, i) => `  ${i + 1}. ${name}: ${told(reasons[i])}`);
  throw new AggregateError(reasons, [`no ${what}; the ways to one, in order:`, ...lines].join('\n'));
}

function told(reason: unknown): string {
  return reason instanceof Error ? reason.message.trim() : String(reason);
}
