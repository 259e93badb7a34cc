/** What ends a command early: told in one line on stderr, without a stack. */
export class Failure extends Error {
  /** @param status 1: it did not go well; 2: it was asked for something that makes no sense */
  constructor(
    message: string,
    readonly status: 1 | 2 = 1,
  ) {
    super(message);
  }
}
