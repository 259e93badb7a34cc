import { types } from 'node:util';

/** What went wrong, in a word that stays the same from release to release. */
export type BossmanErrorCode =
  /** A connection to Redis broke, could not be made, or was given up. Told once per outage. */
  | 'CONNECTION'
  /** Redis refused a command. Told once per kind of refusal, until the same works again for the jobs that it hit. */
  | 'COMMAND'
  /** A channel or the server's notifications may not be used; runs go on, see the message for what is missing. */
  | 'NOTIFICATIONS'
  /** `work` or a QA threw or rejected; the cause is what it threw. */
  | 'WORK_FAILED'
  /** Why a run's `signal` aborted: the lock is another's, or could not be renewed. */
  | 'LOCK_LOST'
  /** A QA called `next()` twice in one run. */
  | 'NEXT_TWICE'
  /** A QA called `next()` after its run was over. */
  | 'NEXT_LATE'
  /** A listener of one of our events threw. */
  | 'LISTENER'
  /** What is stored under a key of ours is not ours. */
  | 'FOREIGN_VALUE'
  /** The instance has quit: before Redis answered, or before a run ended. Also why a run's `signal` aborted. */
  | 'QUIT';

/**
 * Every error that bossman makes, save for bad arguments: those are a TypeError or a RangeError, thrown at once.
 * The `cause` is the original error.
 */
export class BossmanError extends Error {
  override readonly name = 'BossmanError';

  constructor(
    readonly code: BossmanErrorCode,
    message: string,
    /** The job that it concerns, if it concerns one. */
    readonly job: string | null = null,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

/** The error of a verb that Redis refused for a job, and that is sent again. */
export function retryError(verb: string, job: string, cause: unknown): BossmanError {
  const message = `${verb} of '${job}' failed (${messageOf(cause)}); it is tried again`;
  return new BossmanError('COMMAND', message, job, cause);
}

/** The message of whatever was thrown, which may be anything. Never throws. */
export function messageOf(thrown: unknown): string {
  try {
    // An error of another realm, as of `vm` or of jest, is no instance of our Error.
    const isError = thrown instanceof Error || types.isNativeError(thrown);
    return String(isError ? thrown.message : thrown);
  } catch {
    return 'something that cannot be shown';
  }
}
