import { setTimeout as sleep } from 'node:timers/promises';
import Bossman from '../../src';
import { INVOICE, JOBS } from './jobs';
import type { Order, Report } from './messages';

// One process of the fleet, like a process of any service: it hires all jobs and runs its share. Apart from the reports to the
// demo, this is all that an application needs.

const { DEMO_REDIS: connection, DEMO_PREFIX: prefix } = process.env;
const boss = new Bossman({ connection, prefix, ttl: 1000 });

boss.qa(async (job, _definition, next) => {
  const begun = performance.now();
  await next();
  report({ kind: 'timed', job, ms: performance.now() - begun });
});

const hires = JOBS.map(({ name, plan, workMs }) => boss.hire(name, { ...plan, work: () => sleep(workMs) }));

boss.on('start', (event) => report({ kind: 'start', event }));
boss.on('skip', (event) => report({ kind: 'skip', event }));
boss.on('lost', (event) => report({ kind: 'lost', event }));
boss.on('error', ({ message }) => report({ kind: 'error', message }));
void Promise.all(hires).then(() => report({ kind: 'hired' }));

process.on('message', (order: Order) => {
  if (order === 'demand') void boss.demand(INVOICE);
  else void leave();
});
// The demo's own process has gone, for whatever reason.
process.on('disconnect', () => void leave());
// Ctrl-C sends SIGINT to every process of the terminal, but the demo decides when its members end.
process.on('SIGINT', () => {});

async function leave(): Promise<void> {
  await boss.quit();
  if (process.connected) process.disconnect();
  // Nothing keeps this process alive any more, so it exits by itself.
}

function report(message: Report): void {
  // The callback receives the error if the demo has gone; without it, the error would be thrown.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}
