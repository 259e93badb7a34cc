import ms from 'ms';
import { shown } from '../errors';

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;

/** The longest interval, in ms: 10,000 years of 365 days. A slot one such interval ahead is still a valid `Date`. */
export const MAX_INTERVAL_MS = 10_000 * YEAR_MS;

const MAX_LENGTH = 1000;
const ADVICE = "try '10 minutes', '1h 30m' or a number of milliseconds";

/** Units that `ms` does not support, and years, which it counts as 365.25 days. All others come from `ms`. */
const UNITS = new Map<string, number>([
  ...['milli', 'millis'].map((unit) => [unit, 1] as const),
  ...['wk', 'wks'].map((unit) => [unit, 7 * DAY_MS] as const),
  ...['mo', 'mon', 'mth', 'mths', 'month', 'months'].map((unit) => [unit, 30 * DAY_MS] as const),
  ...['y', 'yr', 'yrs', 'year', 'years'].map((unit) => [unit, YEAR_MS] as const),
]);

/** Units that may stand alone for one unit. Not `m` or `hours`, which suggest a missing number. */
const BARE_UNITS = new Set(['millisecond', 'second', 'minute', 'hour', 'day', 'week', 'month', 'year']);

const ONES = 'zero one two three four five six seven eight nine'.split(' ');
const TEENS = 'ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(' ');
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const AMOUNTS = amounts();

/** A number, a word or a comma. Sticky; adjacent parts never match the same text, so it takes linear time. */
const TOKEN = /\s*(\+?(?:\d+(?:\.\d+)?|\.\d+)|[a-z]+(?:-[a-z]+)?|,)\s*/iy;

interface Term {
  amount: number;
  unitMs: number;
  /** The number of tokens it used. */
  length: number;
}

/**
 * Parses an interval: a number of ms, or a phrase of one or more terms such as `1.5h`, `10 minutes`, `1h 30m`,
 * `3 days, 4 hours`, `1 minute and 30 seconds`, `twenty-one minutes`, `an hour` or a bare `day`.
 *
 * Units are those of `ms`, and `month`, in any case and order, each at most once. A month is 30 days and a year
 * 365. A bare number, even in a string, is ms. Amounts are decimals or the words from `zero` to `ninety-nine`. Text that is not
 * fully understood is refused; nothing is guessed.
 *
 * @param argument the name that errors use
 * @returns whole ms, from 1 to {@link MAX_INTERVAL_MS}; fractions are rounded
 * @throws TypeError for a value that is neither a string nor a number
 * @throws RangeError for an invalid interval, one less than half a ms, or above the limit
 * @see https://github.com/vercel/ms#examples
 */
export function parseInterval(every: string | number, argument = 'every'): number {
  if (typeof every !== 'string' && typeof every !== 'number') {
    throw new TypeError(`${argument}: ${show(every)} is neither a string nor a number; ${ADVICE}`);
  }
  const refusal = (problem: string) => new RangeError(`${argument}: ${show(every)} ${problem}; ${ADVICE}`);
  const total = typeof every === 'number' ? every : readPhrase(every);
  if (total === null || Number.isNaN(total)) throw refusal('is not an interval');
  const whole = Math.round(total);
  if (whole < 1) throw refusal('is less than a millisecond');
  if (whole > MAX_INTERVAL_MS) throw refusal('is longer than 10,000 years');
  return whole;
}

function show(value: unknown): string {
  return shown(value, { depth: 0, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 100 });
}

/** The sum of the terms in ms, or null if anything in the text is not understood. */
function readPhrase(text: string): number | null {
  const tokens = tokenize(text);
  if (!tokens) return null;
  const [only, ...others] = tokens;
  if (only !== undefined && others.length === 0 && isNumber(only)) return Number(only);

  const seen = new Set<number>();
  let total = 0;
  for (let at = 0; ; ) {
    const term = readTerm(tokens, at);
    // '5 minutes 5 minutes' is more likely a mistake than ten minutes.
    if (!term || seen.has(term.unitMs)) return null;
    seen.add(term.unitMs);
    total += term.amount * term.unitMs;
    at += term.length;
    if (at === tokens.length) return total;
    if (tokens[at] === ',') at++;
    if (tokens[at] === 'and') at++;
  }
}

function tokenize(text: string): string[] | null {
  if (text.length > MAX_LENGTH) return null;
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  for (let end = 0; end < text.length; end = TOKEN.lastIndex) {
    const token = TOKEN.exec(text)?.[1];
    if (token === undefined) return null;
    tokens.push(token.toLowerCase());
  }
  return tokens;
}

function readTerm(tokens: string[], at: number): Term | null {
  const [amount, taken] = readAmount(tokens, at);
  const unit = tokens[at + taken];
  if (unit === undefined || (taken === 0 && !BARE_UNITS.has(unit))) return null;
  const unitMs = readUnit(unit);
  return unitMs === undefined ? null : { amount, unitMs, length: taken + 1 };
}

/** An amount and the number of tokens it used; with none, a bare unit counts once. */
function readAmount(tokens: string[], at: number): [amount: number, taken: number] {
  const token = tokens[at] ?? '';
  if (isNumber(token)) return [Number(token), 1];
  const pair = AMOUNTS.get(`${token}-${tokens[at + 1]}`);
  if (pair !== undefined) return [pair, 2];
  const single = AMOUNTS.get(token);
  return single === undefined ? [1, 0] : [single, 1];
}

function readUnit(unit: string): number | undefined {
  // Despite its types, ms returns undefined for unknown units.
  return UNITS.get(unit) ?? ms(`1 ${unit}` as ms.StringValue);
}

function isNumber(token: string): boolean {
  return /^[+.\d]/.test(token);
}

/** `zero` to `ninety-nine`, compounds with a hyphen, and the articles. */
function amounts(): Map<string, number> {
  const words = new Map([...ONES, ...TEENS].map((word, value) => [word, value]));
  for (const [index, tens] of TENS.entries()) {
    const round = 20 + 10 * index;
    for (const [one, word] of ONES.entries()) words.set(one === 0 ? tens : `${tens}-${word}`, round + one);
  }
  return words.set('a', 1).set('an', 1);
}
