import type Bossman from '../../src';

/** A message from a member to the demo. */
export type Report =
  | { kind: 'hired' }
  | { kind: 'start'; event: Bossman.RunEvent }
  /** How long a run took, measured by a QA. */
  | { kind: 'timed'; job: string; ms: number }
  | { kind: 'skip'; event: Bossman.SkipEvent }
  | { kind: 'lost'; event: Bossman.LostEvent }
  | { kind: 'error'; message: string };

/** A message from the demo to a member. */
export type Order = 'demand' | 'quit';
