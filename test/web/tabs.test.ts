import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { makeFleet } from '../support/fleet';
import { delay, waitFor } from '../support/wait';
import { serveWeb } from './site';

const fleet = makeFleet();
const TABS = 200;
/** ms */
const WATCHED = 6000;
/** Of one core. The tabs themselves, which are in this process, too, are counted as well. */
const MOST = 0.05;

it('200 open tabs cost less than 5 % of a core while nothing happens', async () => {
  const fred = fleet.join();
  const { site } = await serveWeb(fleet, fred);
  for (let count = 0; count < 50; count += 1) {
    await fred.hire(`job ${count}`, { every: '1 hour', work: () => {} });
  }
  const tabs = await Promise.all(Array.from({ length: TABS }, () => site.listen()));
  await waitFor('all to be ready', () => tabs.every(({ heard }) => heard.length > 0));
  await waitFor(
    'all to see a change',
    async () => {
      await fred.pause('job 0');
      return tabs.every(({ jobs }) => jobs.has('job 0'));
    },
    { everyMs: 2000 },
  );
  await delay(1000);

  const before = process.cpuUsage();
  await delay(WATCHED);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000 / WATCHED).toBeLessThan(MOST);
});

it('with 200 open tabs, to which all runs are pushed, jobs start as punctually as without', async () => {
  const fred = fleet.join();
  const { site } = await serveWeb(fleet, fred);
  const plan = { every: '1 second', jitter: '900 ms' };
  for (let count = 0; count < 20; count += 1) await fred.hire(`job ${count}`, { ...plan, work: () => {} });
  const { start } = fleet.told;
  /** How late four seconds' runs were, in ms, and the part of a core that this process used meanwhile. */
  const watch = async (seen: { late: number[]; used: number[] }) => {
    start.length = 0;
    const [cpu, since] = [process.cpuUsage(), performance.now()];
    await waitFor('the runs of four seconds', () => start.length >= 80, { everyMs: 50 });
    const { user, system } = process.cpuUsage(cpu);
    seen.used.push((user + system) / 1000 / (performance.now() - since));
    seen.late.push(...start.map((run) => run.lateness));
  };
  const [without, together] = [
    { late: [] as number[], used: [] as number[] },
    { late: [] as number[], used: [] as number[] },
  ];
  await watch({ late: [], used: [] });
  // In turns, because what else the machine does comes and goes.
  for (const _ of [1, 2, 3]) {
    await watch(without);
    const tabs = await openElsewhere(TABS, site.port);
    await watch(together);
    tabs.kill();
  }
  expect(medianOf(together.late)).toBeLessThan(medianOf(without.late) + 10);
  expect(medianOf(together.used)).toBeLessThan(medianOf(without.used) + MOST);
});

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Opens tabs in a process of their own, so that only the server's part is measured. */
async function openElsewhere(count: number, port: number): Promise<ChildProcess> {
  const code = `let ready = 0;
    for (let i = 0; i < ${count}; i += 1)
      require('http').get({ port: ${port}, host: '127.0.0.1', path: '/api/events', agent: false }, (response) => {
        response.once('data', () => { ready += 1; if (ready === ${count}) console.log('ready'); }).resume();
      });`;
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  fleet.afterwards(() => child.kill());
  await once(child.stdout, 'data');
  return child;
}
