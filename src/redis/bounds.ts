import { FIRED } from '../scripts/generated';

/**
 * What a number from outside may be: from a script's answer, from Redis itself, or from a message that anybody may have
 * published. Each is checked where it is read, so that none becomes a wait, a slot, or a lock as it came.
 */

/** ms; the longest rest of a lock that is believed. */
const LONGEST_REST = 2 ** 31 - 1;
/** A larger count of listeners is nonsense, such as Valkey 9.1 answers to PUBSUB NUMSUB. */
const MOST_LISTENERS = 1_000_000;

/** Reads a whole number in decimal digits; NaN for any other text. */
export function wholeNumber(word: string): number {
  return /^-?\d{1,15}$/.test(word) ? Number(word) : Number.NaN;
}

/** Is it a time in ms on Redis' clock? */
export function isTime(ms: unknown): ms is number {
  return Number.isSafeInteger(ms) && Number(ms) >= 0 && Number(ms) < FIRED;
}

/** Is it an instant that can be shown, in ms since the epoch? It may have a fraction. */
export function isInstant(ms: unknown): ms is number {
  return typeof ms === 'number' && ms >= 0 && ms < FIRED;
}

/** How many instances listen; 0, for unknown, where the number cannot be that. */
export function listenersFrom(value: unknown): number {
  return Number.isSafeInteger(value) && Number(value) > 0 && Number(value) <= MOST_LISTENERS
    ? Number(value)
    : 0;
}

/** The rest of a lock in ms, or -1; null where the number cannot be that. Others may set locks that last for years. */
export function restFrom(value: unknown): number | null {
  return Number.isSafeInteger(value) && Number(value) >= -1 ? Math.min(Number(value), LONGEST_REST) : null;
}
