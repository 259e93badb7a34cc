import { delay } from '../../test/support/wait';
import { atMost } from '../goals';
import { interleave, type Measure } from '../measure';
import { databaseOf, FLEETS, jobNames, type PeerName } from '../names';

const EVERY = 200;
const SIZES = [1, 4, 16, 64];
const QUICK_SIZES_OF_PEERS = [1, 16];
const REQUESTS = 'requests per tick';
/** Once in 50 claims an instance steps back, and then two may claim; and now and then the clock is read. */
const TWO = 2.1;

export const measure: Measure = {
  name: 'requests',
  title: 'Requests and bytes per tick',
  how: `One job every ${EVERY} ms in a fleet of that many instances. Requests are the commands that clients send, counted with MONITOR, without those that scripts call. Bytes are counted in both directions.`,
  logarithmic: true,

  async run(bench) {
    const seats = await bench.seats(bench.peers(FLEETS));
    for (const size of SIZES) {
      bench.tell(`${size} instances`);
      const taking = seats.filter(({ peer }) => !bench.quick || isTaken(peer, size));
      await interleave(taking, bench.quick ? 1 : 2, async (seat) => {
        await bench.clear(seat.peer);
        await seat.call('open', size);
        await seat.call('hire', jobNames(1), EVERY);
        await delay(1000);
        await seat.call('takeRuns');
        const { requests, bytes } = await bench.traffic.monitored(() => delay(bench.quick ? 3000 : 6000));
        const ticks = (await seat.call('takeRuns')).length;
        const row = { case: `${size} instances`, peer: seat.peer, unit: '', better: 'lower' } as const;
        bench.add({ ...row, quantity: REQUESTS }, (requests.get(databaseOf(seat.peer)) ?? 0) / ticks);
        bench.add({ ...row, quantity: 'bytes per tick' }, bytes / ticks);
        await seat.call('close');
      });
    }
  },

  goals: (rows) =>
    SIZES.map((size) =>
      atMost(`requests per tick, ${size} instances`, rows.p50('bossman', REQUESTS, `${size} instances`), TWO),
    ),
};

function isTaken(peer: PeerName, size: number): boolean {
  return peer === 'bossman' || QUICK_SIZES_OF_PEERS.includes(size);
}
