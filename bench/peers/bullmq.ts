import { Queue, Worker } from 'bullmq';
import type { Peer } from '../peer';

/** How many jobs a worker runs at a time. With the default, 1, jobs would run one after the other, as in a queue. */
const CONCURRENCY = 100;
const QUEUE = 'bench';
const REMOVE = { removeOnComplete: true };

export const peer: Peer = {
  async open(connection, onRun, works) {
    const queue = new Queue(QUEUE, { connection });
    await queue.waitUntilReady();
    const worker = works
      ? new Worker(
          QUEUE,
          async (job) => {
            // A scheduled job has a delay; a job that was added to run at once has none.
            const { delay } = job.opts;
            onRun(job.name, job.repeatJobKey && delay !== undefined ? job.timestamp + delay : null);
          },
          { connection, concurrency: CONCURRENCY },
        )
      : null;
    await worker?.waitUntilReady();
    return {
      async hire(jobs, everyMs) {
        if (everyMs === null) return;
        await Promise.all(
          jobs.map((job) =>
            queue.upsertJobScheduler(job, { every: everyMs }, { name: job, opts: { ...REMOVE } }),
          ),
        );
      },
      async demand(job) {
        await queue.add(job, {}, REMOVE);
      },
      async close() {
        await worker?.close();
        await queue.close();
      },
    };
  },
};
