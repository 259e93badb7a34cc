import type { Qa } from 'bossman';

/** Has another QA look at a share of the runs, from 0 to 1: a profiler, or logs that would be too many. */
export function sampling(share: number, qa: Qa): Qa {
  return (name, definition, next) => (Math.random() < share ? qa(name, definition, next) : next());
}
