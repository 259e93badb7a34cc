import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { runNode } from '../support/child';
import { type RedisServer, startServer } from '../support/redis';

const EVERY = 6000;
const SLEPT = 8000;

let server: RedisServer;

beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

it('an idle instance runs its slot once, soon after the machine wakes from sleep, and reports how late', async () => {
  // The process stands still, and its monotonic clock stays behind; an alarm that rings is not due by that clock yet.
  const script = `
    const clock = Object.getPrototypeOf(require('node:perf_hooks').performance);
    const { now } = clock;
    let behind = 0;
    clock.now = function () { return now.call(this) - behind; };
    const Bossman = require('../../src');
    const fred = new Bossman({ connection: '${server.url}', prefix: '${randomUUID()}', disableRedisConfig: true });
    let runs = 0;
    fred.on('start', ({ slot, lateness }) => {
      console.log(JSON.stringify({ slot, lateness }));
      runs += 1;
      if (runs === 2) fred.quit();
    });
    fred.hire('job', { every: ${EVERY}, work: () => {} }).then(() => setTimeout(() => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${SLEPT});
      behind = ${SLEPT};
    }, 500));`;
  const { code, lines, stderr } = await runNode(['-e', script]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [first, second] = lines.map((line) => JSON.parse(line));
  expect(first.lateness).toBeGreaterThanOrEqual(SLEPT + 500 - EVERY - 100);
  expect(first.lateness).toBeLessThan(EVERY);
  expect(second.slot).toBe(first.slot + EVERY);
  expect(second.lateness).toBeLessThan(2000);
});

it.each([
  ['nothing', '', 0],
  ['little, however its wall clock jumps', 'Date.now = () => now() + 1e6 * Math.random();', 3],
])('an idle instance sends %s', async (_, clock, most) => {
  const admin = new Redis(server.url);
  const sent: Promise<Record<string, number>>[] = [];
  const script = `
    const now = Date.now;
    ${clock}
    const Bossman = require('../../src');
    const fred = new Bossman({ connection: '${server.url}', prefix: '${randomUUID()}' });
    fred.hire('job', { every: '1 hour', work: () => {} });
    setTimeout(() => console.log('idle'), 900);
    setTimeout(() => { console.log('over'); setTimeout(() => fred.quit(), 500); }, 12_000);`;
  try {
    const { code } = await runNode(['-e', script], (line) => {
      if (line === 'idle') void admin.config('RESETSTAT');
      if (line === 'over') sent.push(callsOf(admin));
    });
    expect(code).toBe(0);
    const calls = (await sent[0]) ?? {};
    const scripts = (calls.eval ?? 0) + (calls.evalsha ?? 0);
    expect(scripts).toBeLessThanOrEqual(most);
    // Else the clock's jumps were not seen.
    expect(scripts > 0).toBe(most > 0);
    // What a script itself calls is counted as well.
    if (most === 0) expect(calls).toEqual({});
  } finally {
    admin.disconnect();
  }
});

/** How often each command was called, apart from those of this test. */
async function callsOf(admin: Redis): Promise<Record<string, number>> {
  const calls: Record<string, number> = {};
  for (const [, name = '', count] of (await admin.info('commandstats')).matchAll(
    /cmdstat_([^:]+):calls=(\d+)/g,
  )) {
    if (!name.startsWith('config') && name !== 'info') calls[name] = Number(count);
  }
  return calls;
}
