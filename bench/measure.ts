/**
 * Measures what the README promises of timing, on a private redis-server, as percentiles of one run and, for demands, as
 * a ratio to BullMQ in the same run. Run it alone on the machine: `npm run bench`. Exits with 1 when a goal is missed.
 */
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import Bossman from '../src';
import { startServer } from '../test/support/redis';
import { delay, waitFor } from '../test/support/wait';

const GOALS = { tickP50: 2, tickP99: 6, requestsPerTick: 3, demandToBullMq: 0.6 };
const TICKS = { every: 200, seconds: 30 };
const DEMANDS = 300;

interface Row {
  measure: string;
  value: string;
  goal: string;
  met: boolean;
}

async function main(): Promise<void> {
  const server = await startServer();
  const rows: Row[] = [];
  try {
    const connection = { host: '127.0.0.1', port: server.port };
    for (const instances of [1, 16]) rows.push(...(await measureTicks(connection, instances)));
    rows.push(await measureDemands(connection));
  } finally {
    await server.stop();
  }
  console.table(rows);
  if (rows.some((row) => !row.met)) process.exitCode = 1;
}

/** Lateness, drift and requests of a 200 ms job, after a second to settle in. */
async function measureTicks(connection: { host: string; port: number }, instances: number): Promise<Row[]> {
  const admin = new Redis(connection);
  const lateness: number[] = [];
  const slots: number[] = [];
  const fleet = await Promise.all(
    Array.from({ length: instances }, async () => {
      const bossman = new Bossman({ connection, prefix: `ticks-${instances}` });
      bossman.on('start', (event) => {
        lateness.push(event.lateness);
        slots.push(event.slot ?? 0);
      });
      await bossman.hire('tick', { every: TICKS.every, work: () => {} });
      return bossman;
    }),
  );
  await delay(2000);
  lateness.length = 0;
  slots.length = 0;
  const before = await requests(admin);
  await delay(TICKS.seconds * 1000);
  const perTick = ((await requests(admin)) - before) / lateness.length;
  await Promise.all(fleet.map((bossman) => bossman.quit()));
  admin.disconnect();

  const first = slots[0] ?? 0;
  const drift = slots.filter((slot, index) => slot !== first + index * TICKS.every).length;
  const name = `tick, ${instances} instance${instances > 1 ? 's' : ''}`;
  return [
    atMost(`${name}: lateness p50, ms`, percentile(lateness, 0.5), GOALS.tickP50),
    atMost(`${name}: lateness p99, ms`, percentile(lateness, 0.99), GOALS.tickP99),
    atMost(`${name}: slots off the grid, doubled or lost`, drift, 0),
    atMost(`${name}: requests`, perTick, GOALS.requestsPerTick),
  ];
}

/** From the call to the work, one at a time after a pause, round by round with BullMQ. */
async function measureDemands(connection: { host: string; port: number }): Promise<Row> {
  const ours: number[] = [];
  const theirs: number[] = [];
  let calledAt = 0;
  const bossman = new Bossman({ connection, prefix: 'demands' });
  await bossman.hire('wanted', { work: () => void ours.push(performance.now() - calledAt) });
  const queue = new Queue('wanted', { connection });
  const worker = new Worker('wanted', async () => void theirs.push(performance.now() - calledAt), {
    connection,
  });
  await worker.waitUntilReady();

  for (let round = 0; round < DEMANDS; round += 1) {
    await delay(10);
    calledAt = performance.now();
    void bossman.demand('wanted');
    await waitFor('our run', () => ours.length > round, { everyMs: 1 });
    await delay(10);
    calledAt = performance.now();
    void queue.add('wanted', {}, { removeOnComplete: true });
    await waitFor("BullMQ's run", () => theirs.length > round, { everyMs: 1 });
  }
  await Promise.all([bossman.quit(), worker.close(), queue.close()]);

  const [p50, peer] = [percentile(ours, 0.5), percentile(theirs, 0.5)];
  const measure = `demand → work p50, as a part of BullMQ's (${p50.toFixed(2)} of ${peer.toFixed(2)} ms)`;
  return atMost(measure, p50 / peer, GOALS.demandToBullMq);
}

/** Commands that clients have sent: scripts and the bell's own messages from clients, not what scripts call inside. */
async function requests(admin: Redis): Promise<number> {
  const stats = await admin.info('commandstats');
  const calls = [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)];
  return calls.reduce((sum, [, count]) => sum + Number(count), 0);
}

function percentile(values: number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

function atMost(measure: string, value: number, goal: number): Row {
  return { measure, value: value.toFixed(2), goal: `≤ ${goal}`, met: value <= goal };
}

void main();
