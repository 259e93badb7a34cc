import type Bossman from '../../src';

/** What a member tells the demo. */
export type Report =
  | { kind: 'hired' }
  | { kind: 'start'; event: Bossman.RunEvent }
  /** By a QA: how long a run took. */
  | { kind: 'timed'; job: string; ms: number }
  | { kind: 'skip'; event: Bossman.SkipEvent }
  | { kind: 'lost'; event: Bossman.LostEvent }
  | { kind: 'error'; message: string };

/** What the demo tells a member. */
export type Order = 'demand' | 'quit';
