/**
 * Whoever waits for an answer of Redis: told without a promise, as thousands may wait at once. It is told once, and never
 * before the function that was asked has returned.
 */
export interface Waiter<Answer> {
  answered(answer: Answer): void;
  refused(cause: unknown): void;
}
