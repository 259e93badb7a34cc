/** A process with instances of one peer. It carries out the calls of its parent (see seats.ts), one at a time. */
import { delay } from '../test/support/wait';
import { monotonic, wallOffset } from './clock';
import { jobNames } from './names';
import type { Connection, Instance, Peer } from './peer';

/** A run that has begun. */
export interface Run {
  job: string;
  /** ms on the machine's monotonic clock, which all processes share. */
  at: number;
  /** Its slot, in ms since the epoch; null if the peer does not name it. */
  dueAt: number | null;
  /** ms from `dueAt` to the run. */
  late: number | null;
}

const [, , peerName = '', connectionText = '{}'] = process.argv;
const connection: Connection = JSON.parse(connectionText);
const instances: Instance[] = [];
let runs: Run[] = [];
/** Called after each run. */
let watch: (() => void) | null = null;
/** The difference between the wall clock and the monotonic clock, in ms. */
let offset = 0;

function onRun(job: string, dueAt: number | null): void {
  const at = monotonic();
  runs.push({ job, at, dueAt, late: dueAt === null ? null : at + offset - dueAt });
  watch?.();
}

function anyInstance(): Instance {
  const [instance] = instances;
  if (!instance) throw new Error('no instance is open');
  return instance;
}

/**
 * Hires in one instance after the other: services do not all start in the same millisecond, and if they did, one peer would
 * store a job twice.
 */
async function hireAll(jobs: string[], everyMs: number | null): Promise<void> {
  for (const instance of instances) await instance.hire(jobs, everyMs);
}

/** Resolves with the runs so far, as soon as there are `count`, or after `limitMs`. */
async function runsUntil(count: number, limitMs: number): Promise<Run[]> {
  if (runs.length < count) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      watch = () => {
        if (runs.length < count) return;
        clearTimeout(timer);
        resolve();
      };
    });
    watch = null;
  }
  return runs;
}

async function load(): Promise<Peer> {
  const { peer }: { peer: Peer } = await import(`./peers/${peerName}`);
  return peer;
}

const calls = {
  /** Resolves when the peer's code is loaded. */
  async ready(): Promise<void> {
    await load();
  },

  /** Opens this many instances. With `works` false, they only demand jobs. */
  async open(count: number, works = true): Promise<void> {
    const peer = await load();
    offset = wallOffset();
    runs = [];
    const opening = Array.from({ length: count }, () => peer.open(connection, onRun, works));
    instances.push(...(await Promise.all(opening)));
  },

  /** Every instance hires all jobs, one instance after the other. Resolves with how long that took, in ms. */
  async hire(jobs: string[], everyMs: number | null): Promise<number> {
    const began = monotonic();
    await hireAll(jobs, everyMs);
    return monotonic() - began;
  },

  /** The same for jobs whose names are created here, because a job's name takes heap, too. */
  async hireMany(count: number, everyMs: number | null): Promise<number> {
    const began = monotonic();
    await hireAll(jobNames(count), everyMs);
    return monotonic() - began;
  },

  /** Hires the jobs evenly over one interval, so that their slots are spread evenly. */
  async hireSpread(jobs: string[], everyMs: number): Promise<void> {
    const began = monotonic();
    let hired = 0;
    while (hired < jobs.length) {
      const due = Math.min(jobs.length, Math.ceil(((monotonic() - began) / everyMs) * jobs.length) || 1);
      const batch = jobs.slice(hired, due);
      hired += batch.length;
      await hireAll(batch, everyMs);
      await delay(2);
    }
  },

  /** Measures the ms from a demand to its work, one demand at a time with a pause before each, for at most `limitMs` in all. */
  async demandEach(job: string, count: number, pauseMs: number, limitMs: number): Promise<number[]> {
    const until = monotonic() + limitMs;
    const latencies: number[] = [];
    for (let done = 0; done < count && monotonic() < until; done += 1) {
      await delay(pauseMs);
      runs = [];
      const calledAt = monotonic();
      const demanded = anyInstance().demand(job);
      const [run] = await runsUntil(1, limitMs);
      if (run) latencies.push(run.at - calledAt);
      await demanded;
    }
    return latencies;
  },

  /** Demands all jobs in one turn of the event loop. Resolves with the time at which that began. */
  async demandAll(jobs: string[]): Promise<number> {
    const calledAt = monotonic();
    for (const job of jobs)
      anyInstance()
        .demand(job)
        .catch(() => {});
    return calledAt;
  },

  runsUntil,

  /** How many runs there were, and when the last one was. */
  async progress(): Promise<{ count: number; lastAt: number }> {
    return { count: runs.length, lastAt: runs.at(-1)?.at ?? 0 };
  },

  /** The runs since the last call. */
  async takeRuns(): Promise<Run[]> {
    const taken = runs;
    runs = [];
    return taken;
  },

  /** For `forMs`, blocks the event loop for `blockMs` at random times, once per `everyMs` on average. */
  async stall(everyMs: number, blockMs: number, forMs: number): Promise<void> {
    const until = monotonic() + forMs;
    while (monotonic() < until) {
      await delay(Math.random() * 2 * (everyMs - blockMs));
      const end = monotonic() + blockMs;
      while (monotonic() < end);
    }
  },

  /** The CPU time of this process since its start, in ms. */
  async cpu(): Promise<number> {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },

  /** The bytes in use on the heap after garbage collection. */
  async heap(): Promise<number> {
    for (let pass = 0; pass < 3; pass += 1) {
      globalThis.gc?.();
      await delay(20);
    }
    return process.memoryUsage().heapUsed;
  },

  async close(): Promise<void> {
    const closing = instances.splice(0).map((instance) => instance.close());
    await Promise.race([Promise.all(closing), delay(3000)]);
    runs = [];
  },
};

export type SeatCalls = typeof calls;

interface Request {
  id: number;
  name: keyof SeatCalls;
  args: unknown[];
}

process.on('message', async ({ id, name, args }: Request) => {
  try {
    // The other end has checked the arguments.
    const call = calls[name] as (...args: unknown[]) => Promise<unknown>;
    process.send?.({ id, value: await call(...args) });
  } catch (error) {
    process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});
process.on('disconnect', () => process.exit());
