import { delay } from '../../test/support/wait';
import { atMost } from '../goals';
import { type Bench, groupByJob, interleave, type Measure } from '../measure';
import { FLEETS, jobNames, type PeerName } from '../names';
import type { Run } from '../seat';
import { mean } from '../stats';

interface Case {
  name: string;
  everyMs: number;
  jobs: number;
  instances: number;
  peers: readonly PeerName[];
  quickMs: number;
  fullMs: number;
}

const CASES: Case[] = [
  { name: 'every 1000 ms', everyMs: 1000, jobs: 10, instances: 1, quickMs: 3000, fullMs: 6000 },
  { name: 'every 200 ms', everyMs: 200, jobs: 5, instances: 1, quickMs: 2000, fullMs: 4000 },
  { name: 'every 20 ms', everyMs: 20, jobs: 1, instances: 1, quickMs: 2000, fullMs: 4000 },
  { name: 'every 200 ms, fleet of 8', everyMs: 200, jobs: 5, instances: 8, quickMs: 2000, fullMs: 4000 },
].map((one) => ({
  ...one,
  peers: [
    ...FLEETS,
    ...(one.everyMs === 1000 ? ['croner' as const] : []),
    ...(one.instances === 1 ? ['floor' as const] : []),
  ],
}));
const LATENESS = 'lateness';
const DRIFT = 'drift per tick';
/** The absolute goals, 1.5 and 5 ms, divided by the lateness of the floor on a quiet machine (see `how`). */
const GOAL = { p50: 1.5, p99: 2.5, slack: 1 };

export const measure: Measure = {
  name: 'ticks',
  title: 'Lateness and drift of ticks',
  how: `The time from the slot that the peer names until the work begins. For a peer that names none, the slot is the previous tick plus the interval. Drift is the mean time between two ticks of a job, less the interval. The floor is a bare timer at the slot and the round trip of a script that does nothing: absolute times depend on the machine, so lateness is judged as a ratio to it.`,
  logarithmic: true,

  async run(bench) {
    const seats = await bench.seats(bench.peers([...FLEETS, 'croner', 'floor']));
    for (const one of CASES) {
      bench.tell(one.name);
      const taking = seats.filter(
        ({ peer }) => one.peers.includes(peer) && (!bench.quick || isQuick(peer, one)),
      );
      await interleave(taking, bench.quick ? 1 : 3, async (seat) => {
        await bench.clear(seat.peer);
        await seat.call('open', one.instances);
        await seat.call('hireSpread', jobNames(seat.peer === 'croner' ? 1 : one.jobs), one.everyMs);
        await delay(1000);
        await seat.call('takeRuns');
        await delay(bench.quick ? one.quickMs : one.fullMs);
        note(bench, one, seat.peer, await seat.call('takeRuns'));
        await seat.call('close');
      });
    }
  },

  goals: (rows) =>
    CASES.filter(({ instances }) => instances === 1).flatMap(({ name }) => [
      atMost(
        `lateness ${name}, p50, to the floor's`,
        rows.p50('bossman', LATENESS, name) / rows.p50('floor', LATENESS, name),
        GOAL.p50,
      ),
      atMost(
        `lateness ${name}, p99, to the floor's`,
        rows.p99('bossman', LATENESS, name) / rows.p99('floor', LATENESS, name),
        GOAL.p99,
      ),
      atMost(`slots off the grid, ${name}`, rows.max('bossman', 'slots off the grid', name), 0),
    ]),
};

/** Whether a quick run measures the peer in this case: all peers at 1000 and 200 ms. */
function isQuick(peer: PeerName, { everyMs, instances }: Case): boolean {
  return peer === 'bossman' || peer === 'floor' || (everyMs >= 200 && instances === 1);
}

function note(bench: Bench, { name, everyMs }: Case, peer: PeerName, runs: Run[]): void {
  const byJob = groupByJob(runs);
  const lateness = { case: name, peer, quantity: LATENESS, unit: 'ms', better: 'lower' } as const;
  const gaps: number[] = [];
  let offGrid = 0;
  for (const ticks of byJob.values()) {
    const first = ticks[0]?.dueAt ?? null;
    for (const [index, tick] of ticks.entries()) {
      const before = ticks[index - 1];
      if (before) gaps.push(tick.at - before.at);
      if (tick.late !== null) bench.add(lateness, tick.late);
      else if (before) bench.add(lateness, tick.at - before.at - everyMs);
      if (tick.dueAt !== null && first !== null && (tick.dueAt - first) % everyMs !== 0) offGrid += 1;
    }
  }
  if (gaps.length > 0) {
    bench.add({ case: name, peer, quantity: DRIFT, unit: 'ms', better: 'lower' }, mean(gaps) - everyMs);
  }
  if (peer === 'bossman') {
    bench.add({ case: name, peer, quantity: 'slots off the grid', unit: '', better: 'lower' }, offGrid);
  }
}
