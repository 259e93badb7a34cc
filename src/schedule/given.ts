import { types } from 'node:util';
import { kindOf, messageOf, shown } from '../errors';

/** null and undefined both count as omitted. */
export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/**
 * Reads the options in an object given by the caller. Each is read once, because an accessor may return a different
 * value each time.
 *
 * @param argument names the object in messages: `options`
 * @param names of the options; others are ignored
 * @param at prefix of their names in messages
 * @throws TypeError if it is not an object with readable options
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
  // None of these has options, so each would silently count as empty.
  if (readable(argument, () => isOfAnotherKind(value))) {
    throw new TypeError(`${argument}: ${kindOf(value)} is not an object with options`);
  }
  const options: Record<string, unknown> = {};
  for (const name of names) options[name] = readable(at + name, () => Reflect.get(value, name));
  return options;
}

/**
 * Reads from an object given by the caller, which may have accessors or be a Proxy.
 *
 * @throws TypeError that names it if reading throws
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

/** Whether it is an object literal, from this realm or another. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
