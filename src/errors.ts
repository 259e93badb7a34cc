import { type InspectOptions, inspect, types } from 'node:util';

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
  /** A job was not forgotten, as it is hired, or nobody knows whether it is; or it was, with a demand that waited. */
  | 'FORGET'
  /** `authorize` of `bossman/web` threw, or did not say what the viewer may do; or an answer to a browser failed. */
  | 'WEB'
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

/** Whether it is an Error, of this realm or of another: jest and `node:vm` have an Error of their own. Never throws. */
export function isError(thrown: unknown): thrown is Error {
  if (types.isNativeError(thrown)) return true;
  try {
    return thrown instanceof Error;
  } catch {
    return false;
  }
}

/** The message of whatever was thrown, which may be anything. Never throws. */
export function messageOf(thrown: unknown): string {
  try {
    return String(isError(thrown) ? thrown.message : thrown);
  } catch {
    return 'something that cannot be shown';
  }
}

/** The cause of an error; undefined for whatever else was thrown. Never throws. */
export function causeOf(thrown: unknown): unknown {
  try {
    return isError(thrown) ? thrown.cause : undefined;
  } catch {
    return undefined;
  }
}

/** Characters of a value that a message shows. */
const LONGEST_SHOWN = 250;

/** A value that the caller gave, for the message that refuses it. Never throws, unlike the value's own `inspect`. */
export function shown(value: unknown, options?: InspectOptions): string {
  try {
    // Of an error not the stack.
    const text = isError(value) ? `[${value.name}: ${value.message}]` : inspect(value, options);
    return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
  } catch {
    return 'something that cannot be shown';
  }
}

/** What sort of value it is, for messages that must not show the value itself. Never throws. */
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
 * Node refuses an Error of another realm, and in jest every Error of ours is one: then the warning has its name, code,
 * message and stack.
 */
export function warn(warning: BossmanError | string): void {
  try {
    if (typeof warning === 'string') process.emitWarning(warning, 'BossmanWarning');
    else emitError(warning);
  } catch {
    // What stands in for process.emitWarning here takes no warnings, and there is nobody else to tell.
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
