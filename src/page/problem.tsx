import type { Refused } from './client';
import { Text } from './parts';

/** Why something cannot be shown, or is out of date. */
export function Problem({ of }: { of: Refused | null }) {
  if (!of) return null;
  return (
    <p class="problem" role="alert">
      <strong>{of.status === 401 || of.status === 403 ? 'You may not see this.' : 'Not loaded.'}</strong>{' '}
      <Text>{of.message}</Text>
    </p>
  );
}
