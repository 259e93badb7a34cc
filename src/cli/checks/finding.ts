import { messageOf } from '../../errors';

/** What one check of the doctor's found. `warn`: it works, but something is worse than it could be, or is not known. */
export interface Finding {
  check: string;
  status: 'ok' | 'warn' | 'fail';
  found: string;
  /** What to do, or what it means; null: nothing. */
  advice: string | null;
}

export function ok(check: string, found: string): Finding {
  return { check, status: 'ok', found, advice: null };
}

export function warn(check: string, found: string, advice: string): Finding {
  return { check, status: 'warn', found, advice };
}

export function fail(check: string, found: string, advice: string): Finding {
  return { check, status: 'fail', found, advice };
}

/** The check needs something that Redis refuses. */
export function unknown(check: string, needed: string, refusal: unknown): Finding {
  const found = `cannot be checked: ${needed} is refused (${messageOf(refusal)})`;
  return warn(check, found, 'have it permitted to this user, or ask as another');
}
