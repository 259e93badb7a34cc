import { Redis } from 'ioredis';
import { monotonic, wallOffset } from '../clock';
import type { Peer } from '../peer';

/**
 * The lower bound for a scheduler that calls a script before each run: a bare timer on the grid, then the round trip of a
 * script that does nothing. It stores nothing and promises nothing.
 */
export const peer: Peer = {
  async open(connection, onRun) {
    const offset = wallOffset();
    const wallNow = () => monotonic() + offset;
    const redis = new Redis(connection);
    const timers = new Set<NodeJS.Timeout>();
    const script = () => redis.eval('return 1', 0);
    await script();
    const tick = (job: string, dueAt: number, everyMs: number) => {
      const wait = Math.max(1, Math.ceil(dueAt - wallNow()));
      const timer = setTimeout(async () => {
        timers.delete(timer);
        tick(job, dueAt + everyMs, everyMs);
        await script();
        onRun(job, dueAt);
      }, wait);
      timers.add(timer);
    };
    return {
      async hire(jobs, everyMs) {
        if (everyMs !== null) for (const job of jobs) tick(job, Math.ceil(wallNow()) + everyMs, everyMs);
      },
      async demand(job) {
        await script();
        onRun(job, null);
      },
      async close() {
        for (const timer of timers) clearTimeout(timer);
        redis.disconnect();
      },
    };
  },
};
