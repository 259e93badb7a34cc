import cronstrue from 'cronstrue';
import type { JobInfo } from '../info';
import { splitOffset, wordsOf } from '../schedule/words';
import { visible } from '../telling/visible';

const known = new Map<string, string>();
const MOST = 5000;

/** A plan in words: `every 10 minutes`, `at 09:00, Monday through Friday`; the plan itself if it has none. */
export function planWords({ plan, tz }: Pick<JobInfo, 'plan' | 'tz'>): string {
  if (plan === null) return 'on demand';
  let words = known.get(plan);
  if (words === undefined) {
    words = wordsFor(plan, tz);
    if (known.size >= MOST) known.clear();
    known.set(plan, words);
  }
  return words;
}

function wordsFor(plan: string, tz: string | null): string {
  const { base, offsetMs } = splitOffset(plan);
  const pattern = tz !== null && base.endsWith(` ${tz}`) ? /^cron (.+) \S+$/.exec(base)?.[1] : undefined;
  if (pattern === undefined)
    return visible((wordsOf(plan).words ?? plan).replace(/^every 1 (\w+)$/, 'every $1'));
  try {
    const words = cronstrue.toString(pattern, { use24HourTimeFormat: true, verbose: false });
    const later = offsetMs > 0 ? `, ${wordsOf(`every ${offsetMs}`).words?.replace('every ', '')} later` : '';
    return visible(words.charAt(0).toLowerCase() + words.slice(1) + later);
  } catch {
    // Croner accepts patterns that cronstrue does not.
    return visible(wordsOf(plan).words ?? plan);
  }
}
