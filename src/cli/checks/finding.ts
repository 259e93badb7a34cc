import { messageOf } from '../../errors';

/** What one check of the doctor's found. `warn`: it works, but something is worse than it could be, or is not known. */
export interface Finding {
  check: string;
  status: 'ok' | 'warn' | 'fail';
  found: string;
  /** What to do, or what it means; null: nothing. */
  advice: string | null;
}

/** All is well. */
export function ok(check: string, found: string): Finding {
  return { check, status: 'ok', found, advice: null };
}

/** It works; the advice says what would be better, or what it means. */
export function warn(check: string, found: string, advice: string): Finding {
  return { check, status: 'warn', found, advice };
}

/** A fault: the advice says how to mend it. */
export function fail(check: string, found: string, advice: string): Finding {
  return { check, status: 'fail', found, advice };
}

/** A warning that the check needs something that Redis refuses. */
export function unknown(check: string, needed: string, refusal: unknown): Finding {
  const found = `cannot be checked: ${needed} is refused (${messageOf(refusal)})`;
  return warn(check, found, 'grant it to this user, or connect as another');
}
