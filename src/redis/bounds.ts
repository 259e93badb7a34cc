import { FIRED } from '../scripts/generated';

/**
 * Bounds for numbers from outside: from a script's reply, from Redis, or from a message that anybody may have
 * published. Each number is checked where it is read, so that no unchecked value becomes a delay, a slot, or a lock.
 */

/** ms; the longest remaining lock time that is accepted. */
const LONGEST_REST = 2 ** 31 - 1;
/** A larger number of listeners is wrong; Valkey 9.1 returns such numbers for PUBSUB NUMSUB. */
const MOST_LISTENERS = 1_000_000;

/** Parses a whole number in decimal digits; NaN for any other text. */
export function wholeNumber(word: string): number {
  return /^-?\d{1,15}$/.test(word) ? Number(word) : Number.NaN;
}

/** Whether the value is a time in ms on Redis' clock. */
export function isTime(ms: unknown): ms is number {
  return Number.isSafeInteger(ms) && Number(ms) >= 0 && Number(ms) < FIRED;
}

/** Whether the value is an instant that can be displayed, in ms since the epoch. It may have a fraction. */
export function isInstant(ms: unknown): ms is number {
  return typeof ms === 'number' && ms >= 0 && ms < FIRED;
}

/** The number of listening instances; 0 (unknown) for an invalid number. */
export function listenersFrom(value: unknown): number {
  return Number.isSafeInteger(value) && Number(value) > 0 && Number(value) <= MOST_LISTENERS
    ? Number(value)
    : 0;
}

/**
 * The remaining time of a lock in ms, or -1; null for an invalid number. Other programs may set locks that last for
 * years.
 */
export function restFrom(value: unknown): number | null {
  return Number.isSafeInteger(value) && Number(value) >= -1 ? Math.min(Number(value), LONGEST_REST) : null;
}
