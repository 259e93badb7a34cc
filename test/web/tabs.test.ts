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
  const lateness = async () => {
    start.length = 0;
    await waitFor('the runs of four seconds', () => start.length >= 80, { everyMs: 50 });
    return start.map((run) => run.lateness);
  };
  await lateness();
  const [without, together]: [number[], number[]] = [[], []];
  // In turns, because what else the machine does comes and goes.
  for (const _ of [1, 2, 3]) {
    without.push(...(await lateness()));
    const tabs = await openElsewhere(TABS, site.port);
    together.push(...(await lateness()));
    tabs.kill();
  }
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(mean(together)).toBeLessThan(mean(without) + 10);
});

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
