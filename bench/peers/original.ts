import type { OnRun, Peer } from '../peer';

/** The parts that are used of the original, which has no types, and of its ioredis 2.5. */
interface Original {
  client: { ping(): Promise<string> };
  subscriber: { subscribe(channel: string): Promise<number> };
  hire(name: string, definition: { every?: number; work: () => void }): void;
  demand(name: string): void;
  quit(): Promise<unknown>;
}

const Bossbat: new (options: object) => Original = require('bossbat');

export const peer: Peer = {
  async open(connection, onRun) {
    const bossbat = new Bossbat({ connection });
    await bossbat.subscriber.subscribe(`__keyevent@${connection.db}__:expired`);
    return {
      async hire(jobs, everyMs) {
        for (const job of jobs) {
          bossbat.hire(job, { ...(everyMs !== null && { every: everyMs }), work: workOf(job, onRun) });
        }
        // Redis answers commands in order, so all hires have been carried out by then.
        await bossbat.client.ping();
      },
      async demand(job) {
        bossbat.demand(job);
      },
      async close() {
        // Commands that it still sends afterwards fail, and it does not handle these errors.
        await bossbat.quit().catch(() => {});
      },
    };
  },
};

/** See bossman.ts. */
function workOf(job: string, onRun: OnRun): () => void {
  return () => onRun(job, null);
}
