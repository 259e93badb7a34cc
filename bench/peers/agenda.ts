import type { Peer } from '../peer';

/** ms between two polls of Redis. With the default, 5 s, ticks would be late by up to that time. */
const PROCESS_EVERY = 200;
const CONCURRENCY = 100;
/** When each job is due next, as far as this process knows. */
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
    // Needed even if no job is defined, because `start` connects to the channel for notifications.
    await agenda.start();
    return {
      async hire(jobs, everyMs) {
        for (const name of jobs) {
          agenda.define(name, async (job) => {
            // By now, Agenda has computed when the job is due next, and no longer knows when it was due.
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
