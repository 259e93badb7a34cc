/**
 * Receives an answer from Redis. A callback rather than a promise, because thousands may wait at once. Called once, and
 * never before the function that was asked has returned.
 */
export interface Waiter<Answer> {
  answered(answer: Answer): void;
  refused(cause: unknown): void;
}
