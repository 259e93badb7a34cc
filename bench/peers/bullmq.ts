import { Queue, Worker } from 'bullmq';
import type { Peer } from '../peer';

/** Jobs of one worker at a time: its default, 1, would be a queue's order and not a scheduler's. */
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
            // Of a scheduled job; one that was added to run at once has no delay.
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
