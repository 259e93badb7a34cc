import { performance } from 'node:perf_hooks';
import Bossman from '../../src';

/** The orders for a process of a crowd, as JSON in its first argument. */
export interface CrowdTask {
  url: string;
  prefix: string;
  /** It hires the jobs from this number on, and before that one. */
  from: number;
  to: number;
  plan: { cron: string; tz: string } | { every: number };
  /** ms of each 100 for which other work takes the event loop. */
  busyMs: number;
}

/** What it says when it is asked for its runs. */
export interface CrowdRuns {
  /** For each slot: the numbers of the jobs that were run, and when the last one began, in ms since the epoch. */
  slots: { slot: number; jobs: number[]; lastAt: number }[];
  /** ms; the longest time in which the event loop served nothing, without the other work. */
  longestBlockMs: number;
  /** ms of CPU; the most that the process used in such a time: other processes of the machine hardly change it. */
  longestWorkMs: number;
  /** Of the whole process. */
  cpuMs: number;
  /** Slots that were skipped, by why. */
  skips: Record<string, number>;
  errors: string[];
}

/** ms between two checks of whether the event loop is blocked. */
const LOOK = 2;

async function run(task: CrowdTask): Promise<void> {
  const instance = new Bossman({ connection: task.url, prefix: task.prefix });
  let slots = new Map<number, { jobs: number[]; lastAt: number }>();
  let skips: Record<string, number> = {};
  let errors: string[] = [];
  instance.on('skip', ({ why }) => {
    skips[why] = (skips[why] ?? 0) + 1;
  });
  instance.on('error', ({ code, message }) => errors.push(`${code}: ${message}`));

  let lookedAt = performance.now();
  let usedBefore = usedMs();
  let longest = 0;
  let longestWork = 0;
  let otherMs = 0;
  let otherWorkMs = 0;
  const look = () => {
    const now = performance.now();
    const used = usedMs();
    longest = Math.max(longest, now - lookedAt - otherMs);
    longestWork = Math.max(longestWork, used - usedBefore - otherWorkMs);
    lookedAt = now;
    usedBefore = used;
    otherMs = 0;
    otherWorkMs = 0;
  };
  setInterval(look, LOOK);
  if (task.busyMs > 0)
    setInterval(() => {
      const before = usedMs();
      const end = performance.now() + task.busyMs;
      while (performance.now() < end);
      otherMs += task.busyMs;
      otherWorkMs += usedMs() - before;
    }, 100);

  const work = ({ job, slot }: Bossman.RunContext) => {
    const at = slot ?? 0;
    const ofSlot = slots.get(at) ?? { jobs: [], lastAt: 0 };
    ofSlot.jobs.push(Number(job.slice('job-'.length)));
    ofSlot.lastAt = Date.now();
    slots.set(at, ofSlot);
  };
  const hires: Promise<void>[] = [];
  for (let number = task.from; number < task.to; number += 1)
    hires.push(instance.hire(`job-${number}`, { ...task.plan, history: 1, work }));
  await Promise.all(hires);
  process.send?.('hired');

  // Whoever raised the crowd has gone.
  process.once('disconnect', () => process.exit());
  let cpuBefore = usedMs();
  process.on('message', async (order) => {
    if (order === 'quit') {
      await instance.quit();
      process.exit();
    }
    const runs: CrowdRuns = {
      slots: [...slots].map(([slot, ofSlot]) => ({ slot, ...ofSlot })),
      longestBlockMs: longest,
      longestWorkMs: longestWork,
      cpuMs: usedMs() - cpuBefore,
      skips,
      errors,
    };
    process.send?.(runs);
    slots = new Map();
    skips = {};
    errors = [];
    longest = 0;
    longestWork = 0;
    cpuBefore = usedMs();
  });
}

function usedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const [, , task] = process.argv;
if (task === undefined) throw new Error('a process of a crowd needs its task');
void run(JSON.parse(task));
