import type { Peer } from '../peer';

/** ms between two looks at Redis: its default, 5 s, would be the lateness of every tick. */
const PROCESS_EVERY = 200;
const CONCURRENCY = 100;
/** By job: when it is due next, as this process knows. */
const dueAt = new Map<string, number | null>();

export const peer: Peer = {
  async open({ host, port, db }, onRun) {
    // Both are ESM only.
    const { Agenda } = await import('agenda');
    const { RedisBackend } = await import('@agendajs/redis-backend');
    const agenda = new Agenda({
      backend: new RedisBackend({ redisOptions: { host, port, db } }),
      processEvery: PROCESS_EVERY,
      defaultConcurrency: CONCURRENCY,
      maxConcurrency: CONCURRENCY,
      removeOnComplete: true,
    });
    await agenda.ready;
    // Also where nothing is defined: it is how it connects to the channel that it notifies through.
    await agenda.start();
    return {
      async hire(jobs, everyMs) {
        for (const name of jobs) {
          agenda.define(name, async (job) => {
            // By now it has computed when the job is due next, and forgotten when it was due.
            onRun(name, dueAt.get(name) ?? null);
            dueAt.set(name, job.attrs.nextRunAt?.getTime() ?? null);
          });
        }
        if (everyMs === null) return;
        await Promise.all(jobs.map((job) => agenda.every(everyMs, job, {}, { skipImmediate: true })));
      },
      async demand(job) {
        await agenda.now(job, {});
      },
      async close() {
        await agenda.stop();
        dueAt.clear();
      },
    };
  },
};
