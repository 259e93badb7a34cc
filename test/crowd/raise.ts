import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { TYPESCRIPT } from '../support/typescript';
import { delay } from '../support/wait';
import type { CrowdRuns, CrowdTask } from './process';

/** ms after a slot; a job that was not run by then is missing. */
const LONGEST = 60_000;

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
  longestWorkMs: number;
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
    // What was said about later slots while this one's last runs were awaited.
    let ahead: CrowdRuns['slots'] = [];
    for (let slot = first; rounds.length < options.rounds; slot += everyMs) {
      const answers = await untilRun(ask, ahead, { jobs, slot, everyMs });
      const round = roundOf(answers, jobs, slot, everyMs);
      ahead = answers.flatMap(({ slots }) => slots.filter((one) => one.slot >= slot + everyMs));
      rounds.push(round);
      onRound(round);
    }
    return rounds;
  } finally {
    await Promise.all(children.map(end));
  }
}

/**
 * Asks until each job was run at the slot, or skipped, and nothing more is heard of it: a job that is run twice may be so
 * after the last one. What is missing after `LONGEST` is lost.
 */
async function untilRun(
  ask: () => Promise<CrowdRuns[]>,
  ahead: CrowdRuns['slots'],
  { jobs, slot, everyMs }: { jobs: number; slot: number; everyMs: number },
): Promise<CrowdRuns[]> {
  const answers: CrowdRuns[] = [
    { slots: ahead, longestBlockMs: 0, longestWorkMs: 0, cpuMs: 0, skips: {}, errors: [] },
  ];
  const seen = new Set<number>();
  let skipped = 0;
  for (let heard = answers; Date.now() < slot + LONGEST; answers.push(...heard)) {
    const ofSlot = heard
      .flatMap(({ slots }) => slots)
      .filter((one) => one.slot >= slot && one.slot < slot + everyMs)
      .flatMap((one) => one.jobs);
    for (const job of ofSlot) seen.add(job);
    for (const { skips } of heard) for (const count of Object.values(skips)) skipped += count;
    if (seen.size + skipped >= jobs && ofSlot.length === 0) break;
    await delay(Math.max(slot - Date.now(), 0) + everyMs / 10);
    heard = await ask();
  }
  return answers;
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
    longestWorkMs: Math.max(...answers.map(({ longestWorkMs }) => longestWorkMs)),
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
