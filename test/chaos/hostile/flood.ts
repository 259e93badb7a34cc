import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import Bossman from '../../../src';
import { flawsOf } from '../../support/flaws';
import { OwnTime } from '../../support/own-time';
import { nothingTold, type Told } from '../../support/recorded-fleet';
import { Random } from '../random';
import { HostileMessages, type Known } from './messages';

export interface FloodOptions {
  url: string;
  seed: number;
  /** Measured by `OwnTime`, like all times of the flood, so that a busy machine is not flooded faster than it can read. */
  seconds: number;
  members: number;
  /** Messages per second. */
  rate: number;
}

/** The outcome of the slots of one job. */
interface SlotReport {
  runs: number;
  doubled: number;
  /** Neither run nor reported as skipped. */
  lost: number;
  skipped: number;
  /** The largest time between two events `start`, by `OwnTime`, and the largest lateness of a slot; in ms. */
  gapMs: number;
  lateMs: number;
}

export interface FloodReport {
  sent: number;
  left: number;
  slots: Record<string, SlotReport>;
  /** `slowestMs`: the longest time from the call of `demand` to the start of its run, by `OwnTime`. */
  demands: { made: number; notRun: number; slowestMs: number };
  /** Runs whose signal was aborted. */
  aborted: number;
  lost: number;
  warnings: string[];
  /** Commands that Redis executed per second, without those that sent the messages. */
  commandsPerSecond: number;
}

const PLANS: Record<string, { everyMs: number; definition: Omit<Bossman.JobDefinition, 'work'> }> = {
  tick: { everyMs: 400, definition: { every: 400 } },
  cron: { everyMs: 1000, definition: { cron: '* * * * * *' } },
  kept: { everyMs: 500, definition: { every: 500, recover: true } },
};
/** ms between two departures, and between two demands. */
const LEAVES_EVERY = 2000;
const DEMANDS_EVERY = 450;
/** ms within which a demand is run, by `OwnTime`. */
const DEMAND_WITHIN = 2000;

/**
 * A fleet in this process, on whose channels random messages are sent. Every two seconds, the instance that ran last quits, and
 * another joins. There is no `error` listener, so that every error becomes a process warning.
 */
export async function raiseFlood({ url, seed, seconds, members, rate }: FloodOptions): Promise<FloodReport> {
  const prefix = `hostile-${randomBytes(6).toString('hex')}`;
  const redis = new Redis(url);
  const bell = `${prefix}:bell:${redis.options.db ?? 0}`;
  const expired = `__keyevent@${redis.options.db ?? 0}__:expired`;
  const told = nothingTold<never>();
  const time = new OwnTime();
  const startTimes = new Map(Object.keys(PLANS).map((job): [string, number[]] => [job, []]));
  const known = new Map<string, Known>();
  const ids: string[] = [];
  const random = new Random(seed);
  const messages = new HostileMessages(random, known, ids);
  const warnings: string[] = [];
  const onWarning = (warning: Error) => warnings.push(`${warning.name}: ${warning.message}`);
  process.on('warning', onWarning);

  const fleet: Bossman[] = [];
  let ranLast: Bossman | null = null;
  let aborted = 0;
  let left = 0;
  const join = async () => {
    const instance = new Bossman({ connection: url, prefix });
    fleet.push(instance);
    ids.push(instance.id);
    record(instance, told);
    instance.on('start', ({ job, slot }) => {
      if (slot === null) return;
      ranLast = instance;
      startTimes.get(job)?.push(time.now());
    });
    const work = async ({ signal }: Bossman.RunContext) => {
      await sleep(5);
      if (signal.aborted) aborted += 1;
    };
    const hires = Object.entries(PLANS).map(([job, { definition }]) =>
      instance.hire(job, { ...definition, work }),
    );
    await Promise.all([...hires, instance.hire('wanted', { work })]);
  };
  // They hire after they have been connected for a while, like services that start slowly.
  for (let count = 0; count < members; count += 1) await join();
  const asker = new Bossman({ connection: url, prefix });
  await sleep(1000);

  const before = await commandsOf(redis);
  const began = time.now();
  const over = () => time.now() - began >= seconds * 1000;
  let sent = 0;
  const floods = async () => {
    while (!over()) {
      const due = Math.floor(((time.now() - began) * rate) / 1000);
      const batch = redis.pipeline();
      for (; sent < due; sent += 1) {
        const how = random.pick({ random: 7, nearlyTrue: 2, expired: 1 });
        if (how === 'random') batch.publish(bell, messages.next());
        else if (how === 'nearlyTrue')
          batch.publish(bell, messages.nearlyTrue(random.pick({ tick: 1, cron: 1, kept: 1 })));
        else
          batch.publish(expired, `${prefix}:work:${random.pick({ tick: 1, cron: 1, kept: 1, nobody: 1 })}`);
      }
      await batch.exec();
      await sleep(3);
    }
  };
  const learns = async () => {
    while (!over()) {
      for (const [job, { everyMs }] of Object.entries(PLANS)) {
        const [slot, plan] = await Promise.all([
          redis.zscore(`${prefix}:due`, job),
          redis.hget(`${prefix}:plans`, job),
        ]);
        known.set(job, { slot: Number(slot), stamp: Number(plan?.split('|')[0]), everyMs });
      }
      await sleep(20);
    }
  };
  const leaves = async () => {
    for (let at = LEAVES_EVERY; at < seconds * 1000; at += LEAVES_EVERY) {
      await sleep(at - (time.now() - began));
      const leaver = ranLast;
      if (!leaver || !fleet.includes(leaver)) continue;
      fleet.splice(fleet.indexOf(leaver), 1);
      left += 1;
      await Promise.all([leaver.quit(), join()]);
    }
  };
  const demands = { made: 0, notRun: 0, slowestMs: 0 };
  const asks = async () => {
    for (let at = 0; at < seconds * 1000 - DEMAND_WITHIN; at += DEMANDS_EVERY) {
      await sleep(Math.max(0, at - (time.now() - began)));
      const from = told.start.length;
      const demandedAt = time.now();
      // Half of the demands are made by an instance that does not run them, the others by a member.
      const demander = random.next() < 0.5 ? asker : (fleet[random.between(0, fleet.length - 1)] ?? asker);
      demands.made += 1;
      const taken = demander.demand('wanted').catch(() => {});
      const ran = () => told.start.slice(from).some(({ job }) => job === 'wanted');
      while (!ran() && time.now() - demandedAt < DEMAND_WITHIN) await sleep(2);
      await taken;
      if (ran()) demands.slowestMs = Math.max(demands.slowestMs, Math.round(time.now() - demandedAt));
      else demands.notRun += 1;
    }
  };
  await Promise.all([floods(), learns(), leaves(), asks()]);
  const commands = (await commandsOf(redis)) - before - sent;
  await sleep(1500);
  await Promise.all([...fleet, asker].map((instance) => instance.quit()));
  process.off('warning', onWarning);
  time.stop();
  for await (const keys of redis.scanStream({ match: `${prefix}*`, count: 1000 })) {
    if (keys.length > 0) await redis.del(...keys);
  }
  await redis.quit();
  return {
    sent,
    left,
    slots: Object.fromEntries(
      Object.entries(PLANS).map(([job, { everyMs }]) => [
        job,
        slotReport(told, job, everyMs, startTimes.get(job) ?? []),
      ]),
    ),
    demands,
    aborted,
    lost: told.lost.length,
    warnings,
    commandsPerSecond: Math.round(commands / seconds),
  };
}

function record(instance: Bossman, told: Told<never>): void {
  instance.on('start', (event) => told.start.push(event));
  instance.on('skip', (event) => told.skip.push(event));
  instance.on('lost', (event) => told.lost.push(event));
}

function slotReport(told: Told<never>, job: string, everyMs: number, startTimes: number[]): SlotReport {
  const { doubled, lost } = flawsOf(told, job, everyMs);
  const runs = told.start.filter((run) => run.job === job && run.slot !== null);
  const gaps = startTimes.slice(1).map((time, index) => time - (startTimes[index] ?? time));
  const skips = told.skip.filter((skip) => skip.job === job);
  return {
    runs: runs.length,
    doubled: doubled.length,
    lost: lost.length,
    skipped: skips.reduce((sum, { slot, through }) => sum + Math.round((through - slot) / everyMs) + 1, 0),
    gapMs: Math.round(Math.max(0, ...gaps)),
    lateMs: Math.round(Math.max(0, ...runs.map(({ lateness }) => lateness))),
  };
}

async function commandsOf(redis: Redis): Promise<number> {
  return Number(/total_commands_processed:(\d+)/.exec(await redis.info('stats'))?.[1] ?? 0);
}

/** Describes each fault; empty if there is none. */
export function wrongsIn({ slots, demands, aborted, warnings }: FloodReport): string[] {
  const wrongs = Object.entries(slots).flatMap(([job, { runs, doubled, lost, gapMs }]) => [
    ...(runs === 0 ? [`${job} never ran`] : []),
    ...(doubled > 0 ? [`${doubled} slots of ${job} ran twice`] : []),
    ...(lost > 0 ? [`${lost} slots of ${job} were lost`] : []),
    ...(gapMs > 2000 ? [`${job} did not run for ${gapMs} ms`] : []),
  ]);
  if (demands.notRun > 0) wrongs.push(`${demands.notRun} demands were not run within ${DEMAND_WITHIN} ms`);
  if (aborted > 0) wrongs.push(`${aborted} runs were aborted`);
  return [...wrongs, ...warnings];
}
