import { types } from 'node:util';
import { messageOf } from '../errors';
import type { ErrorDetails } from '../info';

/** Bytes of JSON for an error and its causes. */
const LARGEST = 8192;
/** Bytes for an error's own stack, which leaves room for the stacks of its causes. */
const LARGEST_STACK = 3000;
const LARGEST_CAUSE_STACK = 1200;
/** Bytes of overhead per error besides its texts, including its place among its siblings. */
const OVERHEAD = 80;
const LONGEST_NAME = 100;
/** Characters of an error's message. */
export const LONGEST_MESSAGE = 2000;
/** Errors kept from one AggregateError. */
const MOST_ERRORS = 16;
/** Longer texts were not written by us, so they are not parsed. */
const LONGEST_TEXT = 2 * LARGEST;

type Stored = { [field in 'name' | 'message' | 'stack']?: string } & {
  cause?: Stored;
  errors?: Stored[];
  omitted?: number;
};

/**
 * The JSON of an error's details as stored in Redis, at most 8 kB. Never throws, whatever was thrown and from whatever
 * realm: an error may have getters that throw, be its own cause, or be a Proxy.
 *
 * @param whole false: the message only, or '' if the run's record contains all of it
 * @param recorded the number of characters of the message in the record
 */
export function detailsText(thrown: unknown, whole: boolean, recorded: number): string {
  if (whole) return JSON.stringify(detailsOf(thrown));
  const message = messageOf(thrown);
  return message.length > recorded ? JSON.stringify({ message: cut(message, LONGEST_MESSAGE, LARGEST) }) : '';
}

/** Breadth first: when space is short, errors nearer to the thrown one matter more. */
function detailsOf(thrown: unknown): Stored {
  const seen = new Set<unknown>();
  const waiting: { value: unknown; place: (stored: Stored) => void; omit: () => void }[] = [];
  let root: Stored = {};
  let room = LARGEST;
  waiting.push({
    value: thrown,
    place: (stored) => {
      root = stored;
    },
    omit: () => {},
  });
  for (const { value, place, omit } of waiting) {
    const isRoot = value === thrown && seen.size === 0;
    if (room < 2 * OVERHEAD || (isObject(value) && seen.has(value))) {
      omit();
      continue;
    }
    seen.add(isObject(value) ? value : {});
    const stored: Stored = {};
    room -= OVERHEAD;
    const take = (text: string, longest: number, largest: number) => {
      const taken = cut(text, longest, Math.min(largest, room));
      room -= bytesOf(taken);
      return taken;
    };
    stored.name = take(nameOf(value), LONGEST_NAME, LARGEST);
    stored.message = take(messageOf(value), LONGEST_MESSAGE, LARGEST);
    const stack = stackOf(value);
    if (stack !== '') {
      const largest = Math.min(isRoot ? LARGEST_STACK : LARGEST_CAUSE_STACK, room);
      stored.stack = take(stack, largest, largest);
      // Drop a truncated frame.
      if (stored.stack.length < stack.length) stored.stack = stored.stack.replace(/\n[^\n]*$/, '');
    }
    place(stored);
    const omitOne = () => {
      stored.omitted = (stored.omitted ?? 0) + 1;
    };
    const cause = read(value, 'cause');
    if (cause !== undefined && cause !== null) {
      const placeCause = (found: Stored) => {
        stored.cause = found;
      };
      waiting.push({ value: cause, place: placeCause, omit: omitOne });
    }
    const { errors, omitted } = errorsOf(value);
    if (omitted > 0) stored.omitted = (stored.omitted ?? 0) + omitted;
    const placeError = (found: Stored) => {
      stored.errors = [...(stored.errors ?? []), found];
    };
    for (const error of errors) waiting.push({ value: error, place: placeError, omit: omitOne });
  }
  return root;
}

/** Parses what `detailsText` wrote: the details, or only the message. Null for any other text. */
export function parseDetails(text: string): ErrorDetails | { message: string } | null {
  if (text === '' || text.length > LONGEST_TEXT) return null;
  try {
    return detailsIn(JSON.parse(text));
  } catch {
    return null;
  }
}

function detailsIn(value: unknown): ErrorDetails | { message: string } | null {
  if (!isObject(value)) return null;
  const { name, message, stack, cause, errors, omitted }: Record<string, unknown> = { ...value };
  if (typeof message !== 'string') return null;
  if (typeof name !== 'string') return { message };
  const list: unknown[] = Array.isArray(errors) ? errors : [];
  return {
    name,
    message,
    stack: typeof stack === 'string' ? stack : null,
    cause: wholeOf(detailsIn(cause)),
    errors: list.flatMap((error) => wholeOf(detailsIn(error)) ?? []),
    omitted: Number.isSafeInteger(omitted) && Number(omitted) > 0 ? Number(omitted) : 0,
  };
}

/** The details; null if there is only a message. */
export function wholeOf(details: ErrorDetails | { message: string } | null): ErrorDetails | null {
  return details && 'name' in details ? details : null;
}

/** The error's name, such as `TypeError`; the type of a value that is not an error. */
function nameOf(value: unknown): string {
  const name = read(value, 'name');
  if (typeof name === 'string' && name !== '') return name;
  return isError(value) ? 'Error' : typeof value;
}

/** Only the frames: V8 puts the name and message, as they were when the error was created, before them. */
function stackOf(value: unknown): string {
  const stack = read(value, 'stack');
  if (typeof stack !== 'string') return '';
  const message = messageOf(value);
  const head = Math.max(0, stack.indexOf(message)) + (stack.includes(message) ? message.length : 0);
  const frames = stack.slice(head).search(/^[ \t]*at /m);
  return frames < 0 ? stack : stack.slice(head + frames);
}

function errorsOf(value: unknown): { errors: unknown[]; omitted: number } {
  try {
    const errors = read(value, 'errors');
    if (!Array.isArray(errors)) return { errors: [], omitted: 0 };
    const first: unknown[] = Array.prototype.slice.call(errors, 0, MOST_ERRORS);
    return { errors: first, omitted: Math.max(0, errors.length - first.length) };
  } catch {
    return { errors: [], omitted: 0 };
  }
}

function isError(value: unknown): boolean {
  try {
    return value instanceof Error || types.isNativeError(value);
  } catch {
    return false;
  }
}

/** A property of the thrown value; undefined if it is missing or its getter throws. */
function read(value: unknown, property: string): unknown {
  try {
    return isObject(value) ? Reflect.get(value, property) : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** Truncates a text to at most `longest` characters and `largest` bytes of JSON. */
function cut(text: string, longest: number, largest: number): string {
  let kept = text.slice(0, Math.max(0, longest));
  while (kept !== '' && bytesOf(kept) > largest) {
    kept = kept.slice(0, Math.min(kept.length - 1, Math.floor((kept.length * largest) / bytesOf(kept))));
  }
  // Do not keep half of a surrogate pair.
  return kept.length < text.length ? kept.replace(/[\ud800-\udbff]$/, '') : kept;
}

function bytesOf(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}
