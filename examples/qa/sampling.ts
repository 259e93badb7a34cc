import type { Qa } from 'bossman';

/** Applies another QA to a share of the runs, from 0 to 1, such as a profiler or verbose logs. */
export function sampling(share: number, qa: Qa): Qa {
  return (name, definition, next) => (Math.random() < share ? qa(name, definition, next) : next());
}
