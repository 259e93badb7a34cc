import { messageOf } from '../../errors';

/** The result of one check of `doctor`. `warn`: it works, but something could be better, or is unknown. */
export interface Finding {
  check: string;
  status: 'ok' | 'warn' | 'fail';
  found: string;
  /** What to do, or what it means; null for `ok`. */
  advice: string | null;
}

/** No problem was found. */
export function ok(check: string, found: string): Finding {
  return { check, status: 'ok', found, advice: null };
}

/** It works; the advice says what would be better, or what it means. */
export function warn(check: string, found: string, advice: string): Finding {
  return { check, status: 'warn', found, advice };
}

/** A fault; the advice says how to fix it. */
export function fail(check: string, found: string, advice: string): Finding {
  return { check, status: 'fail', found, advice };
}

/** A warning that the check is impossible because Redis refuses something that it needs. */
export function unknown(check: string, needed: string, refusal: unknown): Finding {
  const found = `cannot be checked: ${needed} is refused (${messageOf(refusal)})`;
  return warn(check, found, 'grant it to this user, or connect as another');
}
