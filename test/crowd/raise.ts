import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { TYPESCRIPT } from '../support/typescript';
import { delay } from '../support/wait';
import type { CrowdRuns, CrowdTask } from './process';

export interface CrowdOptions {
  jobs: number;
  processes: number;
  /** Every process hires all jobs; otherwise each has its share. */
  shared: boolean;
  /** `interval`: jobs are due one after the other, within the time that it takes to hire them. */
  plan: 'cron' | 'interval';
  rounds: number;
  /** Seconds from a slot to the next: a divisor of 60. */
  everyS: number;
  /** ms of each 100 for which other work takes each process's event loop. */
  busyMs: number;
}

/** One slot of every job. */
export interface Round {
  /** Jobs that were not run, and that were run more than once, at this slot. */
  missing: number;
  doubled: number;
  /** ms from the slot to the begin of the last run. */
  tookMs: number;
  longestBlockMs: number;
  /** Of all processes. */
  cpuMs: number;
  skips: Record<string, number>;
  errors: string[];
}

/**
 * Hires many jobs that are due in the same second, and looks at one slot after the other.
 *
 * @param onRound is called after each
 */
export async function raiseCrowd(
  where: { url: string; prefix: string },
  options: CrowdOptions,
  onRound: (round: Round) => void = () => {},
): Promise<Round[]> {
  const { jobs, processes, shared, everyS } = options;
  const plan =
    options.plan === 'cron'
      ? { cron: `${everyS === 60 ? '0' : `*/${everyS}`} * * * * *`, tz: 'UTC' }
      : { every: everyS * 1000 };
  const children = Array.from({ length: processes }, (_, index) => {
    const share = { from: (jobs * index) / processes, to: (jobs * (index + 1)) / processes };
    const range = shared ? { from: 0, to: jobs } : share;
    const task: CrowdTask = { ...where, ...range, plan, busyMs: options.busyMs };
    return fork(join(__dirname, 'process.ts'), [JSON.stringify(task)], { execArgv: TYPESCRIPT });
  });
  const ask = () => Promise.all(children.map(askOne));
  const rounds: Round[] = [];
  try {
    await Promise.all(children.map((child) => once(child, 'message')));
    const everyMs = everyS * 1000;
    // The slots that came while jobs were hired are not looked at, and their runs are waited for.
    let seen: number[] = [];
    for (let isQuiet = false; !isQuiet || seen.length === 0; ) {
      await delay(everyMs / 5);
      const now = (await ask()).flatMap(({ slots }) => slots.map(({ slot }) => slot));
      isQuiet = now.length === 0;
      seen = [...seen, ...now];
    }
    const last = Math.max(...seen);
    let first = Math.min(...seen.filter((slot) => slot > last - everyMs));
    while (first < Date.now()) first += everyMs;
    for (let slot = first; rounds.length < options.rounds; slot += everyMs) {
      await delay(slot + 0.75 * everyMs - Date.now());
      const round = roundOf(await ask(), jobs, slot, everyMs);
      rounds.push(round);
      onRound(round);
    }
    return rounds;
  } finally {
    await Promise.all(children.map(end));
  }
}

async function askOne(child: ChildProcess): Promise<CrowdRuns> {
  const answer = once(child, 'message');
  child.send('runs');
  const [runs] = await answer;
  return runs;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = once(child, 'exit');
  child.send('quit');
  await exit;
}

function roundOf(answers: CrowdRuns[], jobs: number, from: number, everyMs: number): Round {
  const counts = new Uint32Array(jobs);
  const round: Round = {
    missing: 0,
    doubled: 0,
    tookMs: 0,
    longestBlockMs: Math.max(...answers.map(({ longestBlockMs }) => longestBlockMs)),
    cpuMs: answers.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    skips: {},
    errors: answers.flatMap(({ errors }) => errors),
  };
  for (const { slots, skips } of answers) {
    for (const [why, count] of Object.entries(skips)) round.skips[why] = (round.skips[why] ?? 0) + count;
    for (const { slot, jobs: ofSlot, lastAt } of slots) {
      if (slot < from || slot >= from + everyMs) continue;
      round.tookMs = Math.max(round.tookMs, lastAt - slot);
      for (const job of ofSlot) counts[job] = (counts[job] ?? 0) + 1;
    }
  }
  for (const count of counts) {
    if (count === 0) round.missing += 1;
    if (count > 1) round.doubled += 1;
  }
  return round;
}
