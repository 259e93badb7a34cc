import { type InspectOptions, inspect, types } from 'node:util';

/** The kind of failure. These codes do not change between releases. */
export type BossmanErrorCode =
  /** A connection to Redis failed, broke, or was given up. Reported once per outage. */
  | 'CONNECTION'
  /** Redis refused a command. Reported once per kind of refusal, until the command works again for the affected jobs. */
  | 'COMMAND'
  /** A channel or the server's notifications cannot be used. Jobs still run; the message says what does not work. */
  | 'NOTIFICATIONS'
  /** `work` or a QA threw or rejected; `cause` is what it threw. */
  | 'WORK_FAILED'
  /**
   * Another run holds the lock, or it could not be renewed (the reason of the run's aborted `signal`); or it expired before the
   * run of a demand could begin.
   */
  | 'LOCK_LOST'
  /** A QA called `next()` twice in one run. */
  | 'NEXT_TWICE'
  /** A QA called `next()` after its run had ended. */
  | 'NEXT_LATE'
  /** A listener for an event of `Bossman` threw or rejected. */
  | 'LISTENER'
  /** A key of bossman holds a value that bossman did not write. */
  | 'FOREIGN_VALUE'
  /** `forget` failed, because an instance hires the job or may hire it; or it deleted a waiting demand. */
  | 'FORGET'
  /** `authorize` of `bossman/web` threw or returned an invalid value; or an answer to a browser failed. */
  | 'WEB'
  /** The instance quit before Redis answered or before a run ended. Also the reason of that run's aborted `signal`. */
  | 'QUIT';

/**
 * Every error of bossman, except for invalid arguments: those throw a TypeError or a RangeError immediately. `cause` is the
 * original error.
 */
export class BossmanError extends Error {
  override readonly name = 'BossmanError';

  constructor(
    readonly code: BossmanErrorCode,
    message: string,
    /** The job concerned; null if there is none. */
    readonly job: string | null = null,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

/** Whether a value is an Error of any realm: jest and `node:vm` have an Error class of their own. Never throws. */
export function isError(thrown: unknown): thrown is Error {
  if (types.isNativeError(thrown)) return true;
  try {
    return thrown instanceof Error;
  } catch {
    return false;
  }
}

/** The message of a thrown value of any type. Never throws. */
export function messageOf(thrown: unknown): string {
  try {
    return String(isError(thrown) ? thrown.message : thrown);
  } catch {
    return 'something that cannot be shown';
  }
}

/** The cause of an error; undefined for any other thrown value. Never throws. */
export function causeOf(thrown: unknown): unknown {
  try {
    return isError(thrown) ? thrown.cause : undefined;
  } catch {
    return undefined;
  }
}

/** The most characters of a value that a message shows. */
const LONGEST_SHOWN = 250;

/** An argument as an error message shows it. Never throws, unlike the value's own `inspect`. */
export function shown(value: unknown, options?: InspectOptions): string {
  try {
    // Without the stack of an error.
    const text = isError(value) ? `[${value.name}: ${value.message}]` : inspect(value, options);
    return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
  } catch {
    return 'something that cannot be shown';
  }
}

/** The type of a value, for messages that must not show the value itself. Never throws. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (typeof value !== 'object') return `a ${typeof value}`;
  try {
    const name: unknown = value.constructor?.name;
    if (typeof name !== 'string' || name === '' || name === 'Object') return 'an object';
    return `an object of the class ${name.slice(0, 50)}`;
  } catch {
    return 'an object';
  }
}

/**
 * Emits a process warning. Never throws.
 *
 * Node refuses an Error of another realm, as every Error is in jest. The warning then gets the error's name, code, message and
 * stack.
 */
export function warn(warning: BossmanError | string): void {
  try {
    if (typeof warning === 'string') process.emitWarning(warning, 'BossmanWarning');
    else emitError(warning);
  } catch {
    // A replaced process.emitWarning refuses the warning, and there is no other place to report it.
  }
}

function emitError(error: BossmanError): void {
  try {
    process.emitWarning(error);
  } catch {
    const { name, code, message, stack = '' } = error;
    process.emitWarning(message, { type: name, code, detail: stack });
  }
}
