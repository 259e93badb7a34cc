import type { OnRun, Peer } from '../peer';

/** What is used of the original, which has no types, and of its ioredis 2.5. */
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
        // Its commands are answered in order.
        await bossbat.client.ping();
      },
      async demand(job) {
        bossbat.demand(job);
      },
      async close() {
        // What it still has to release or to set is refused then, and it looks after none of that.
        await bossbat.quit().catch(() => {});
      },
    };
  },
};

/** See bossman.ts. */
function workOf(job: string, onRun: OnRun): () => void {
  return () => onRun(job, null);
}
