import { types } from 'node:util';
import { kindOf, messageOf, shown } from '../errors';

/** null and undefined both mean: not given. */
export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/**
 * The options in an object that a caller gave. Each is read once, as an accessor may give another value each time.
 *
 * @param argument names the object in messages: `options`
 * @param names of the options; others are left out
 * @param at stands before their names in messages
 * @throws TypeError for what is not an object, and for one that has no options or does not let them be read
 */
export function optionsIn(
  argument: string,
  value: unknown,
  names: Iterable<string>,
  at = '',
): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) {
    throw new TypeError(`${argument}: ${shown(value)} is not an object`);
  }
  // None of these has an option, so that each would mean: nothing is given.
  if (readable(argument, () => isOfAnotherKind(value))) {
    throw new TypeError(`${argument}: ${kindOf(value)} is not an object with options`);
  }
  const options: Record<string, unknown> = {};
  for (const name of names) options[name] = readable(at + name, () => Reflect.get(value, name));
  return options;
}

/**
 * Reads something in an object that a caller gave, which may have accessors, or be a Proxy.
 *
 * @throws TypeError that names it when that throws
 */
export function readable<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new TypeError(`${name}: cannot be read (${messageOf(cause)})`, { cause });
  }
}

/** Objects that are never options. */
export function isOfAnotherKind(value: object): boolean {
  return (
    Array.isArray(value) ||
    ArrayBuffer.isView(value) ||
    types.isAnyArrayBuffer(value) ||
    types.isNativeError(value) ||
    types.isPromise(value) ||
    types.isMap(value) ||
    types.isSet(value) ||
    types.isDate(value) ||
    types.isRegExp(value) ||
    types.isBoxedPrimitive(value) ||
    typeof Reflect.get(value, 'then') === 'function'
  );
}

/** An object literal, of this realm or of another. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
