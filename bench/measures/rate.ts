import { delay } from '../../test/support/wait';
import { atLeast, atMost } from '../goals';
import { groupByJob, interleave, type Measure } from '../measure';
import { jobNames, type PeerName } from '../names';

const EVERY = 1000;
/**
 * Intervals before the measurement: a process takes up to three times as long for about its first 5000 runs, until its code is
 * compiled.
 */
const WARM_UP = 5;
/** Slots that are spread evenly are the worst case for libraries that handle simultaneous slots together. */
const CASES = [
  { name: '1000 jobs each second', rate: 1000, spread: false, inQuick: true },
  { name: '1000, spread evenly', rate: 1000, spread: true, inQuick: true },
  { name: '5000, spread evenly', rate: 5000, spread: true, inQuick: false },
];
/** Agenda runs fewer than a hundred jobs per second (see the measure `burst`). */
const ABLE: readonly PeerName[] = ['bossman', 'original', 'bullmq'];

export const measure: Measure = {
  name: 'rate',
  title: 'Many jobs each second',
  how: `That many jobs, each every ${EVERY} ms, on one instance: hired in one turn of the event loop, as a service does at its start, or so that their slots are spread evenly over the second. The first ${WARM_UP} seconds, in which each process compiles its code, are not measured. The gap is the time between two runs of one job. CPU is that of the process, and of redis-server, per second.`,

  async run(bench) {
    const seats = await bench.seats(bench.peers(ABLE));
    for (const { name, rate, spread, inQuick } of CASES) {
      if (bench.quick && !inQuick) continue;
      bench.tell(name);
      await interleave(seats, bench.quick ? 1 : 3, async (seat) => {
        const seconds = bench.quick ? 4 : 8;
        await bench.clear(seat.peer);
        await seat.call('open', 1);
        await seat.call(spread ? 'hireSpread' : 'hire', jobNames(rate), EVERY);
        await delay(WARM_UP * EVERY);
        await seat.call('takeRuns');
        const before = await seat.call('cpu');
        const { cpu } = await bench.traffic.during(() => delay(seconds * 1000));
        const after = await seat.call('cpu');
        const runs = await seat.call('takeRuns');
        const row = { case: name, peer: seat.peer } as const;
        const gaps = [...groupByJob(runs).values()].flatMap((ofJob) =>
          ofJob.slice(1).map((run, index) => run.at - (ofJob[index]?.at ?? run.at)),
        );
        bench.add({ ...row, quantity: 'gap', unit: 'ms', better: 'lower' }, ...gaps);
        bench.add(
          { ...row, quantity: 'runs', unit: '% of those due', better: 'higher' },
          (100 * runs.length) / (rate * seconds),
        );
        bench.add(
          { ...row, quantity: 'CPU of node', unit: 'ms/s', better: 'lower' },
          (after - before) / seconds,
        );
        bench.add({ ...row, quantity: 'CPU of Redis', unit: 'ms/s', better: 'lower' }, cpu / seconds);
        await seat.call('close');
      });
    }
  },

  goals: (rows) =>
    CASES.filter(({ rate }) => rate === 1000).flatMap(({ name, spread }) => [
      // The edges of the window may cut off or add a few runs.
      atLeast(`${name}: % that ran`, rows.p50('bossman', 'runs', name), 99.5),
      atMost(`${name}: p99 gap, to the interval`, rows.p99('bossman', 'gap', name) / EVERY, 1.02),
      // With one slot per ms, nothing can be handled together; that case shows what a slot then costs.
      ...(spread
        ? []
        : [
            atMost(
              `${name}: CPU of node, to BullMQ`,
              rows.p50('bossman', 'CPU of node', name) / rows.p50('bullmq', 'CPU of node', name),
              0.5,
            ),
          ]),
    ]),
};
