import { Random } from './random';

/** The faults of a storm, and their relative frequencies. */
const WEIGHTS = {
  'kill a member': 8,
  'freeze a member': 8,
  'freeze a member, then kill it': 3,
  'stall a member': 6,
  'have a member quit': 3,
  'have a member quit in a hurry': 8,
  'cut all connections': 4,
  'cut all subscribers': 5,
  'swallow answers, then cut': 4,
  'delete triggers': 5,
  'SCRIPT FLUSH': 4,
  FLUSHALL: 4,
  'freeze Redis': 4,
  'restart Redis': 2,
  'restart Redis empty': 2,
  fire: 6,
  hire: 6,
  pause: 8,
  resume: 8,
  'hire for a while': 6,
  forget: 4,
  'forget, all of them': 4,
  demand: 40,
} as const;

export type FaultKind = keyof typeof WEIGHTS;

/** The same without the loss of Redis' data, so that every run that dies can be judged at the end. */
const KEEPING: Record<FaultKind, number> = { ...WEIGHTS, FLUSHALL: 0, 'restart Redis empty': 0 };

export interface Fault {
  /** ms after the storm began. */
  at: number;
  kind: FaultKind;
  /** The seat of the member that it hits, if it hits one. */
  seat: number;
  /** How long it takes, if it takes time. */
  ms: number;
  /** A number from 0 to 1 that decides everything else, such as which job. */
  dice: number;
}

/** How long each fault takes, in ms. Faults that are not listed take no time. */
const LASTS: Partial<Record<FaultKind, [number, number]>> = {
  // The time until a replacement starts.
  'kill a member': [100, 1500],
  'have a member quit': [100, 800],
  'have a member quit in a hurry': [100, 800],
  'freeze a member': [50, 2500],
  'freeze a member, then kill it': [50, 1500],
  'stall a member': [20, 800],
  'swallow answers, then cut': [5, 300],
  'freeze Redis': [200, 2000],
  'restart Redis': [100, 1000],
  'restart Redis empty': [100, 1000],
  pause: [100, 2500],
};

/** Between two of these, Redis gets time to come back. */
const OUTAGES: ReadonlySet<FaultKind> = new Set(['freeze Redis', 'restart Redis', 'restart Redis empty']);
const RECOVERS_MS = 2000;

/** The faults of a storm, which its seed decides. If the seed is odd, Redis keeps its data. */
export function planStorm(seed: number, seconds: number, members: number): Fault[] {
  const random = new Random(seed);
  const weights = seed % 2 === 0 ? WEIGHTS : KEEPING;
  const faults: Fault[] = [];
  let redisBackAt = 0;
  for (let at = random.between(200, 600); at < seconds * 1000; at += random.between(20, 300)) {
    const kind = random.pick(weights);
    const [low, high] = LASTS[kind] ?? [0, 0];
    const fault = {
      at,
      kind,
      seat: random.between(0, members - 1),
      ms: random.between(low, high),
      dice: random.next(),
    };
    if (OUTAGES.has(kind)) {
      if (at < redisBackAt) continue;
      redisBackAt = at + fault.ms + RECOVERS_MS;
    }
    faults.push(fault);
  }
  return faults;
}
