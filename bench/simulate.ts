/**
 * Simulates the random waits of alarms in fleets of up to 10,000 instances: how many requests a tick costs, and how late it is.
 * `npx tsx bench/simulate.ts` prints the tables of SCALE.md. The waits are computed by the library's own code.
 */
import { FleetSize } from '../src/hints/fleet-size';
import { EARLY, STEPS_BACK_ONCE_IN } from '../src/slots/claim-requests';
import { GOES_FIRST } from '../src/slots/slots';
import { mean, percentile } from './stats';

/** Times in ms, measured on the machine of RESULTS.md. */
const TIMES = {
  /** From a client to Redis, or back. */
  oneWay: 0.2,
  /** A timer counts whole milliseconds, so it is up to this late. */
  timer: 1,
  /** Redis' time for a claim that wins, and for one that comes too late. */
  claim: 0.06,
  refused: 0.03,
  /** Redis' time per listener of the bell: before it answers the claim, and until the message is sent. */
  perListener: 0.003,
  perDelivery: 0.005,
};

/** The waits of instances in a fleet of that size, in ms. */
interface Waits {
  random(size: number): number;
  /** Added to GOES_FIRST. */
  bell(size: number): number;
}

interface Tick {
  requests: number;
  latenessMs: number;
}

const fleet = new FleetSize(() => 0);
const ours: Waits = {
  random(size) {
    fleet.heard(size);
    return fleet.randomWait();
  },
  bell(size) {
    fleet.heard(size);
    return fleet.bellMs;
  },
};
/** For comparison, the simplest distribution: all waits are equally likely. */
const even: Waits = { random: (size) => Math.random() * Math.min(64, 2 * size), bell: () => 0 };

/**
 * One tick; time 0 is EARLY before the slot. When an instance's alarm goes off, it sends a claim unless it has already heard
 * that the slot was claimed. Redis answers one claim at a time, and rings the bell for the first one.
 *
 * @param hirers how many of the instances hired the job
 * @param first whether an instance goes first, because it claimed the last slot
 * @param alive whether the instance that goes first is alive
 */
function tick(size: number, hirers: number, waits: Waits, first: boolean, alive: boolean): Tick {
  const alarms = Array.from({ length: hirers }, (_, index) => {
    if (first && index === 0) return alive ? Math.random() * TIMES.timer : Number.POSITIVE_INFINITY;
    return (first ? GOES_FIRST + waits.bell(size) : 0) + waits.random(size) + Math.random() * TIMES.timer;
  }).sort((a, b) => a - b);

  let busyUntil = 0;
  let rung = Number.POSITIVE_INFINITY;
  let latenessMs = 0;
  let claims = 0;
  for (const at of alarms) {
    // The bell reaches the listeners one after the other, in an unknown order.
    const heardAt = rung + Math.random() * size * TIMES.perDelivery + TIMES.oneWay;
    if (at >= heardAt || !Number.isFinite(at)) continue;
    claims += 1;
    const arrives = at + TIMES.oneWay;
    const begins = Math.max(arrives, busyUntil);
    if (claims === 1) {
      rung = begins + TIMES.claim + size * TIMES.perListener;
      const answered = rung + TIMES.oneWay - EARLY;
      // A slot that was won before its time waits for it with another timer.
      latenessMs = answered < 0 ? Math.random() * TIMES.timer : answered;
      busyUntil = rung + size * TIMES.perDelivery;
    } else {
      busyUntil = begins + TIMES.refused;
    }
  }
  // One more request settles the run.
  return { requests: claims + 1, latenessMs };
}

function many(ticks: number, one: () => Tick): { requests: number; p50: number; p99: number } {
  const taken = Array.from({ length: ticks }, one);
  const lateness = taken.map(({ latenessMs }) => latenessMs);
  return {
    requests: mean(taken.map(({ requests }) => requests)),
    p50: percentile(lateness, 0.5),
    p99: percentile(lateness, 0.99),
  };
}

/** Usually an instance goes first; once in STEPS_BACK_ONCE_IN ticks, none does. */
function usual(size: number, hirers: number, waits: Waits): () => Tick {
  return () => tick(size, hirers, waits, Math.random() * STEPS_BACK_ONCE_IN >= 1, true);
}

function row(size: number, hirers: number, waits: Waits): string[] {
  const ticks = Math.max(200, Math.min(20_000, 4_000_000 / hirers));
  const all = many(ticks, usual(size, hirers, waits));
  const open = many(ticks / 4, () => tick(size, hirers, waits, false, true));
  const dead = many(ticks / 4, () => tick(size, hirers, waits, true, false));
  const figures = [
    all.requests,
    all.p50,
    all.p99,
    open.requests,
    open.p50,
    dead.requests,
    dead.p50,
    dead.p99,
  ];
  return figures.map((value) => value.toFixed(value < 10 ? 2 : 0));
}

const HEAD = [
  'instances',
  'hire the job',
  'usual: requests',
  'p50',
  'p99',
  'open: requests',
  'p50',
  'dead: requests',
  'p50',
  'p99',
];

function print(title: string, waits: Waits): void {
  console.log(`\n### ${title}\n\n| ${HEAD.join(' | ')} |\n|${' ---: |'.repeat(HEAD.length)}`);
  for (const [size, hirers] of FLEETS) {
    console.log(`| ${[size, hirers, ...row(size, hirers, waits)].join(' | ')} |`);
  }
}

const FLEETS: [size: number, hirers: number][] = [
  [2, 2],
  [4, 4],
  [10, 10],
  [100, 100],
  [1000, 1000],
  [10_000, 10_000],
  [40, 4],
  [1000, 10],
];

console.log(`EARLY ${EARLY} ms, GOES_FIRST ${GOES_FIRST} ms, STEPS_BACK_ONCE_IN ${STEPS_BACK_ONCE_IN}.`);
print('Waits of the library', ours);
print('Even waits', even);
