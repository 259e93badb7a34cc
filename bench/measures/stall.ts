import { delay } from '../../test/support/wait';
import { atMost } from '../goals';
import { groupByJob, interleave, type Measure } from '../measure';
import { FLEETS, jobNames, type PeerName } from '../names';
import type { Run } from '../seat';
import type { Seat } from '../seats';

const EVERY = 200;
const JOBS = 5;
/** The instances in the process that does not stall; the eighth has a process of its own, which stalls. */
const STEADY = 7;
const STALL = { everyMs: 300, blockMs: 100 };
/** Peers whose runs name their slot. */
const NAME_SLOTS: readonly PeerName[] = ['bossman', 'bullmq'];
const CASE = 'fleet of 8';

export const measure: Measure = {
  name: 'stall',
  title: 'Doubled and lost slots with a stalling member',
  how: `${JOBS} jobs every ${EVERY} ms in a fleet of 8 instances; the process of one blocks its event loop for ${STALL.blockMs} ms, at random, once in ${STALL.everyMs} ms on average. If the peer names the slot of each run, slots are counted by name. Otherwise, a run less than half an interval after another counts as a second run of the same slot, and each whole interval without a run, beyond the first, counts as a lost slot.`,

  async run(bench) {
    const seats: { steady: Seat; stalling: Seat }[] = [];
    for (const peer of bench.peers(FLEETS)) {
      const [steady, stalling] = await bench.seats([peer, peer]);
      if (steady && stalling) seats.push({ steady, stalling });
    }
    const forMs = bench.quick ? 4000 : 8000;
    await interleave(seats, bench.quick ? 1 : 4, async ({ steady, stalling }) => {
      const { peer } = steady;
      await bench.clear(peer);
      await Promise.all([steady.call('open', STEADY), stalling.call('open', 1)]);
      for (const seat of [steady, stalling]) await seat.call('hireSpread', jobNames(JOBS), EVERY);
      await delay(1000);
      await Promise.all([steady.call('takeRuns'), stalling.call('takeRuns')]);
      await Promise.all([delay(forMs), stalling.call('stall', STALL.everyMs, STALL.blockMs, forMs)]);
      const runs = [...(await steady.call('takeRuns')), ...(await stalling.call('takeRuns'))];
      const { slots, doubled, lost } = count(runs, NAME_SLOTS.includes(peer));
      const row = { case: CASE, peer, unit: '', better: 'lower' } as const;
      bench.add({ ...row, quantity: 'doubled per 1000 slots' }, (1000 * doubled) / slots);
      bench.add({ ...row, quantity: 'lost per 1000 slots' }, (1000 * lost) / slots);
      await Promise.all([steady.call('close'), stalling.call('close')]);
    });
  },

  goals: (rows) => [
    atMost('doubled slots per 1000', rows.max('bossman', 'doubled per 1000 slots', CASE), 0),
    atMost('lost slots per 1000', rows.max('bossman', 'lost per 1000 slots', CASE), 0),
  ],
};

function count(runs: Run[], bySlot: boolean): { slots: number; doubled: number; lost: number } {
  const total = { slots: 0, doubled: 0, lost: 0 };
  for (const ofJob of groupByJob(runs).values()) {
    const times = ofJob.map(({ dueAt, at }) => (bySlot && dueAt !== null ? dueAt : at)).sort((a, b) => a - b);
    let last = Number.NEGATIVE_INFINITY;
    for (const time of times) {
      if (time - last < EVERY / 2) {
        total.doubled += 1;
        continue;
      }
      const passed = Number.isFinite(last) ? Math.round((time - last) / EVERY) : 1;
      total.slots += passed;
      total.lost += passed - 1;
      last = time;
    }
  }
  return total;
}
