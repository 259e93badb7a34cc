import { delay } from '../../test/support/wait';
import { atMost } from '../goals';
import type { Measure } from '../measure';
import { databaseOf, FLEETS, jobNames } from '../names';

const CASE = 'one idle instance';
const COMMANDS = 'commands per minute';

export const measure: Measure = {
  name: 'idle',
  title: 'Idle traffic',
  how: 'One instance of each peer, all at the same time, with ten jobs that are not due: the requests that its clients send, counted with MONITOR.',

  async run(bench) {
    const seats = await bench.seats(bench.peers(FLEETS));
    await Promise.all(
      seats.map(async (seat) => {
        await bench.clear(seat.peer);
        await seat.call('open', 1);
        await seat.call('hire', jobNames(10), 3_600_000);
      }),
    );
    await delay(3000);
    const seconds = bench.quick ? 10 : 120;
    const { requests } = await bench.traffic.monitored(() => delay(seconds * 1000));
    for (const { peer } of seats) {
      const count = requests.get(databaseOf(peer)) ?? 0;
      bench.add({ case: CASE, peer, quantity: COMMANDS, unit: '', better: 'lower' }, (60 * count) / seconds);
    }
  },

  goals: (rows) => [atMost('commands of an idle instance', rows.max('bossman', COMMANDS, CASE), 0)],
};
