import type { Inspector } from '../inspection/inspector';
import { listOf } from './text';

/** The message for a prefix without data; names the prefixes that exist. */
export async function nothingHere(inspector: Inspector): Promise<string> {
  const prefixes = await inspector.prefixes().catch(() => []);
  if (prefixes.length === 0) {
    return 'there is no fleet in this database; --url selects another one by its /DB';
  }
  return `no fleet has this prefix; --prefix selects one of these: ${listOf(prefixes)}`;
}
