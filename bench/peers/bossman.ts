import type BossmanClass = require('../../src');

import type { OnRun, Peer } from '../peer';

// The published code, not the sources, because a loader that compiles them would add to the cost.
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

/** Each job has its own closure, as in a service. (The compiler of this file would make a named function larger.) */
function workOf(job: string, onRun: OnRun): (context: { slot: number | null }) => void {
  return ({ slot }) => onRun(job, slot);
}
