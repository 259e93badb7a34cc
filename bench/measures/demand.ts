import { delay } from '../../test/support/wait';
import { atMost } from '../goals';
import { interleave, type Measure } from '../measure';
import { FLEETS } from '../names';

const OWN = 'one instance demands and runs';
const OTHER = 'one process demands, another runs';
const QUANTITY = 'demand → work';
/** ms between two demands, so that the process is idle, as in a service with few demands. */
const PAUSE = 10;
/** ms */
const WARM_UP = 3000;

export const measure: Measure = {
  name: 'demand',
  title: 'Demand → work',
  how: `The time from the call until the work begins, one demand at a time, with ${PAUSE} ms between them. The floor is the round trip of a script that does nothing.`,
  logarithmic: true,

  async run(bench) {
    const [rounds, limitMs, count] = bench.quick ? [2, 1200, 100] : [6, 2500, 200];
    const row = { quantity: QUANTITY, unit: 'ms', better: 'lower' } as const;

    const seats = await bench.seats(bench.peers([...FLEETS, 'floor']));
    for (const seat of seats) {
      await seat.call('open', 1);
      await seat.call('hire', ['wanted'], null);
      // Warms up until the code is compiled, as it is in a process that has run for a while.
      await seat.call('demandEach', 'wanted', 2000, 0, WARM_UP);
    }
    await interleave(seats, rounds, async (seat) => {
      const latencies = await seat.call('demandEach', 'wanted', count, PAUSE, limitMs);
      bench.add({ ...row, case: OWN, peer: seat.peer }, ...latencies);
    });

    const demanders = await bench.seats(bench.peers(FLEETS));
    const pairs = demanders.flatMap((demands) => {
      const runs = seats.find(({ peer }) => peer === demands.peer);
      return runs ? [{ runs, demands }] : [];
    });
    for (const { demands } of pairs) await demands.call('open', 1, false);
    await interleave(pairs, rounds, async ({ runs, demands }) => {
      const until = performance.now() + limitMs;
      for (let done = 0; done < count && performance.now() < until; done += 1) {
        await delay(PAUSE);
        await runs.call('takeRuns');
        const calledAt = await demands.call('demandAll', ['wanted']);
        const [run] = await runs.call('runsUntil', 1, limitMs);
        if (run) bench.add({ ...row, case: OTHER, peer: runs.peer }, run.at - calledAt);
      }
    });
  },

  goals: (rows) => [
    atMost(
      'demand → work, p50, to BullMQ',
      rows.p50('bossman', QUANTITY, OWN) / rows.p50('bullmq', QUANTITY, OWN),
      0.4,
    ),
    atMost(
      'demand → work, p50, to the original',
      rows.p50('bossman', QUANTITY, OWN) / rows.p50('original', QUANTITY, OWN),
      1 / 40,
    ),
  ],
};
