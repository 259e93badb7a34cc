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
