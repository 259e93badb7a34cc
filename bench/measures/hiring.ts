import { atMost } from '../goals';
import { interleave, type Measure } from '../measure';
import { FLEETS, type PeerName } from '../names';

const HOUR = 3_600_000;
const TIME = 'until all are stored';
const HEAP = 'heap per job';
/** Agenda takes seconds for a thousand jobs, so it is not measured with more. */
const COUNTS: [case_: string, count: number, peers: readonly PeerName[], inQuick: boolean][] = [
  ['1,000 jobs', 1000, FLEETS, false],
  ['10,000 jobs', 10_000, ['bossman', 'original', 'bullmq'], true],
  ['100,000 jobs', 100_000, ['bossman', 'original', 'bullmq'], false],
];

export const measure: Measure = {
  name: 'hiring',
  title: 'Hiring many jobs, and the heap they take',
  how: 'All jobs are hired in one turn of the event loop, each with an interval of one hour. Heap: the growth of the heap per job, measured after garbage collection. It includes the name, the definition and `work`, which the service creates.',
  logarithmic: true,

  async run(bench) {
    for (const [inCase, count, wanted, inQuick] of COUNTS) {
      if (bench.quick && !inQuick) continue;
      bench.tell(inCase);
      const seats = await bench.seats(bench.peers(wanted));
      await interleave(seats, bench.quick ? 2 : count >= 100_000 ? 3 : 5, async (seat) => {
        await bench.clear(seat.peer);
        await seat.call('open', 1);
        // Afterwards the code is compiled, and the connections have their buffers.
        await seat.call('hire', ['first'], HOUR);
        const before = await seat.call('heap');
        const took = await seat.call('hireMany', count, HOUR);
        const after = await seat.call('heap');
        const row = { case: inCase, peer: seat.peer, better: 'lower' } as const;
        bench.add({ ...row, quantity: TIME, unit: 'ms' }, took);
        bench.add({ ...row, quantity: HEAP, unit: 'bytes' }, (after - before) / count);
        await seat.call('close');
        await bench.clear(seat.peer);
      });
    }
  },

  goals: (rows) => [
    ...['10,000 jobs', '100,000 jobs'].map((inCase) =>
      atMost(
        `hiring ${inCase}, to the original's time`,
        rows.p50('bossman', TIME, inCase) / rows.p50('original', TIME, inCase),
        1.2,
      ),
    ),
    atMost(
      'heap per hired job, to the original',
      rows.p50('bossman', HEAP, '10,000 jobs') / rows.p50('original', HEAP, '10,000 jobs'),
      2,
    ),
  ],
};
