import { Cron } from 'croner';
import type { Peer } from '../peer';

/** Runs in the process, without Redis, in whole seconds: the best that a timer can do. */
export const peer: Peer = {
  async open(_connection, onRun) {
    const crons: Cron[] = [];
    return {
      async hire(jobs, everyMs) {
        if (everyMs === null) return;
        const pattern = everyMs < 60_000 ? `*/${Math.ceil(everyMs / 1000)} * * * * *` : '0 0 * * * *';
        for (const job of jobs) {
          crons.push(new Cron(pattern, () => onRun(job, Math.floor(Date.now() / 1000) * 1000)));
        }
      },
      async demand() {
        throw new Error('croner runs nothing on demand');
      },
      async close() {
        for (const cron of crons) cron.stop();
      },
    };
  },
};
