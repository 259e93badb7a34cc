import './skew';
import { setTimeout as sleep } from 'node:timers/promises';
import Bossman from '../../src';
import type { RunOf, Told, Verb } from './history';
import { definitionOf, JOBS, type StormJob } from './jobs';
import { type MemberTask, type Order, stamp } from './messages';

// One process of the fleet in the storm. It carries out the conductor's orders, and reports everything that happens in it.

const task: MemberTask = JSON.parse(process.env.CHAOS_TASK ?? '{}');
const limit = task.concurrency === null ? {} : { concurrency: task.concurrency };
const boss = new Bossman({
  connection: { host: '127.0.0.1', port: task.port },
  prefix: task.prefix,
  ...limit,
});
/** ms between two beats, and ms without a beat after which the process reports that it was stalled. */
const BEAT = 20;
const HELD_UP = 80;
let calls = 0;
let runs = 0;
/** Work in progress. */
const working = new Set<Promise<unknown>>();

boss.on('start', (event) => tell({ kind: 'start', event }));
boss.on('finish', (event) => tell({ kind: 'finish', event }));
boss.on('fail', ({ cause: _, ...event }) => tell({ kind: 'fail', event }));
boss.on('skip', (event) => tell({ kind: 'skip', event }));
boss.on('lost', (event) => tell({ kind: 'lost', event }));
boss.on('error', ({ code, message }) => code !== 'WORK_FAILED' && tell({ kind: 'error', message }));

tell({ kind: 'joined', caller: boss.id, ...limit });
for (const job of task.hires) call('hire', job);

let beatAt = stamp();
setInterval(() => {
  const now = stamp();
  if (now - beatAt > HELD_UP) {
    tell({ kind: 'stalled' }, beatAt);
    tell({ kind: 'moves' }, now);
  }
  beatAt = now;
}, BEAT).unref();

process.on('message', (order: Order) => {
  if (order.order === 'stall') standStill(order.ms);
  else if (order.order === 'quit') void leave(order.timeout ?? undefined);
  else if (order.order === 'pause') call('pause', order.job, order.ms ?? undefined);
  else call(order.order, order.job);
});
// The conductor has ended, for whatever reason.
process.on('disconnect', () => void leave());
if (!process.connected) void leave();

function call(verb: Verb, name: string, ms?: number): void {
  const job = JOBS[name];
  if (!job) throw new RangeError(`${name} is no job of the storm`);
  calls += 1;
  const id = calls;
  tell({ kind: 'called', call: id, verb, job: name, ...(ms === undefined ? {} : { ms }) });
  answerTo(verb, name, job, ms).then(
    () => tell({ kind: 'resolved', call: id }),
    (cause) => tell({ kind: 'rejected', call: id, message: String(cause) }),
  );
}

function answerTo(verb: Verb, name: string, job: StormJob, ms?: number): Promise<unknown> {
  if (verb === 'hire') return boss.hire(name, definitionOf(job, workOf(job)));
  if (verb === 'pause') return boss.pause(name, ms === undefined ? {} : { until: `${ms} ms` });
  return boss[verb](name);
}

function workOf({ workMs: [usual, seventh], fails, heeds }: StormJob): Bossman.JobDefinition['work'] {
  const work = async ({ job, slot, demandedAt, recovered, signal }: Bossman.RunContext) => {
    runs += 1;
    const run: RunOf = { job, slot, demandedAt, recovered, run: runs };
    const ms = runs % 7 === 0 ? seventh : usual;
    const fail = fails && runs % 5 === 0;
    tell({ kind: 'began', ...run });
    await sleep(ms, undefined, heeds ? { signal } : {}).finally(() => tell({ kind: 'ended', ...run }));
    if (fail) throw new Error('as it should');
  };
  return (context) => {
    const worked = work(context);
    working.add(worked);
    const over = () => working.delete(worked);
    worked.then(over, over);
    return worked;
  };
}

function standStill(ms: number): void {
  tell({ kind: 'stalled' });
  const until = performance.now() + ms;
  while (performance.now() < until);
  tell({ kind: 'moves' });
}

async function leave(timeout?: number): Promise<void> {
  await boss.quit({ timeout });
  tell({ kind: 'left' });
  // The process stays until its work has ended, as it would without this channel, and reports the end.
  await Promise.allSettled(working);
  if (process.connected) process.disconnect();
}

function tell(told: Told, at = stamp()): void {
  if (process.connected) process.send?.({ ...told, stamp: at }, undefined, undefined, () => {});
}
