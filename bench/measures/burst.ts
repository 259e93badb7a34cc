import { delay } from '../../test/support/wait';
import { atLeast } from '../goals';
import { interleave, type Measure } from '../measure';
import { FLEETS, jobNames, type PeerName } from '../names';
import type { Seat } from '../seats';

const DEMANDS = 2000;
const PROCESSES = 4;
/** ms; a peer that has not finished by then is rated by what it has run. */
const LIMIT = 5000;
const ONE = 'one instance';
const SPREAD = `spread over ${PROCESSES} processes`;
const RATE = 'runs per second';

export const measure: Measure = {
  name: 'burst',
  title: `A burst of ${DEMANDS} demands`,
  how: `${DEMANDS} jobs, a demand of each, all in one turn of the event loop; spread: each of ${PROCESSES} processes has an instance that hired all of them and demands its share. The rate is measured from the first call to the last run, or over ${LIMIT / 1000} s for a peer that has not finished by then.`,
  logarithmic: true,

  async run(bench) {
    // Agenda always takes the whole time limit.
    const peers = bench.peers(bench.quick ? FLEETS.filter((peer) => peer !== 'agenda') : FLEETS);
    const fleets: Seat[][] = [];
    for (const peer of peers) fleets.push(await bench.seats(new Array<PeerName>(PROCESSES).fill(peer)));
    const rounds = bench.quick ? 3 : 8;
    for (const [inCase, processes] of [
      [ONE, 1],
      [SPREAD, PROCESSES],
    ] as const) {
      bench.tell(inCase);
      await interleave(fleets, rounds, async (fleet) => {
        const seats = fleet.slice(0, processes);
        const peer = seats[0]?.peer ?? 'bossman';
        await bench.clear(peer);
        await Promise.all(seats.map((seat) => seat.call('open', 1)));
        await Promise.all(seats.map((seat) => seat.call('hire', jobNames(DEMANDS), null)));
        const rate = await burst(seats);
        bench.add({ case: inCase, peer, quantity: RATE, unit: '/s', better: 'higher' }, rate);
        await Promise.all(seats.map((seat) => seat.call('close')));
      });
    }
  },

  goals: (rows) => [
    atLeast(
      'burst on one instance, to the original',
      rows.p50('bossman', RATE, ONE) / rows.p50('original', RATE, ONE),
      1,
    ),
    atLeast(
      'burst on one instance, to BullMQ',
      rows.p50('bossman', RATE, ONE) / rows.p50('bullmq', RATE, ONE),
      2,
    ),
  ],
};

async function burst(seats: Seat[]): Promise<number> {
  const jobs = jobNames(DEMANDS);
  const share = DEMANDS / seats.length;
  const began = await Promise.all(
    seats.map((seat, index) => seat.call('demandAll', jobs.slice(index * share, (index + 1) * share))),
  );
  const until = performance.now() + LIMIT;
  const first = Math.min(...began);
  for (;;) {
    // The fleet decides which process runs how many.
    const counts = await Promise.all(seats.map((seat) => seat.call('progress')));
    const done = counts.reduce((sum, { count }) => sum + count, 0);
    const last = Math.max(...counts.map(({ lastAt }) => lastAt));
    if (done >= DEMANDS) return (1000 * done) / (last - first);
    if (performance.now() > until) return (1000 * done) / Math.max(LIMIT, last - first);
    await delay(20);
  }
}
