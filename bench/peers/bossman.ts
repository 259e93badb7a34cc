import type BossmanClass = require('../../src');

import type { OnRun, Peer } from '../peer';

// What is published, not the sources: a loader that compiles them adds to what they cost.
const Bossman: typeof BossmanClass = require('../../dist');

export const peer: Peer = {
  async open(connection, onRun) {
    const bossman = new Bossman({ connection });
    return {
      hire: async (jobs, everyMs) => {
        const hired = jobs.map((job) =>
          bossman.hire(job, { every: everyMs ?? undefined, work: workOf(job, onRun) }),
        );
        await Promise.all(hired);
      },
      demand: (job) => bossman.demand(job),
      close: () => bossman.quit(),
    };
  },
};

/** A closure of its own, as a service has. (One with a name would be made larger by what compiles this.) */
function workOf(job: string, onRun: OnRun): (context: { slot: number | null }) => void {
  return ({ slot }) => onRun(job, slot);
}
