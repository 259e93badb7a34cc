/** Ends a command early; printed as one line on stderr, without a stack. */
export class Failure extends Error {
  /** @param status 1: the command failed; 2: its arguments are invalid */
  constructor(
    message: string,
    readonly status: 1 | 2 = 1,
  ) {
    super(message);
  }
}
