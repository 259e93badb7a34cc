import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { healthchecks, sentryCrons } from '../../examples/qa/check-ins';
import { makeFleet } from '../support/fleet';
import { waitFor } from '../support/wait';

const fleet = makeFleet();
const pings: string[] = [];
let monitor: Server;
let url = '';

beforeEach(async () => {
  pings.length = 0;
  monitor = createServer(async (request, response) => {
    pings.push(`${request.method} ${request.url} ${await text(request)}`.trim());
    response.end('OK');
  });
  monitor.listen(0, '127.0.0.1');
  await once(monitor, 'listening');
  url = `http://127.0.0.1:${(monitor.address() as AddressInfo).port}`;
});

afterEach(() => {
  monitor.close();
  monitor.closeAllConnections();
});

const work = () => {};
const fails = () => {
  throw new Error('no luck');
};

test('healthchecks pings at the start and the end of a run, and sends the error of a failed run', async () => {
  fleet.allowErrors(/^WORK_FAILED/);
  const fred = fleet.join();
  fred.qa(healthchecks({ good: `${url}/good`, bad: `${url}/bad` }));
  await Promise.all([
    fred.hire('good', { work }),
    fred.hire('bad', { work: fails }),
    fred.hire('other', { work }),
  ]);
  for (const name of ['good', 'bad', 'other']) await fred.demand(name);
  await waitFor('the runs', () => fleet.told.finish.length + fleet.told.fail.length === 3);
  expect(pings.sort()).toEqual([
    'POST /bad/fail Error: no luck',
    'POST /bad/start',
    'POST /good',
    'POST /good/start',
  ]);
});

test('an unreachable monitor does not fail the run', async () => {
  const fred = fleet.join();
  fred.qa(healthchecks({ job: 'http://127.0.0.1:1' }));
  await fred.hire('job', { work });
  await fred.demand('job');
  await waitFor('the run', () => fleet.told.finish.length === 1);
});

test('sentryCrons sends name, pattern and zone, and passes on the result of the run', async () => {
  fleet.allowErrors(/^WORK_FAILED/);
  const monitored: unknown[] = [];
  const fred = fleet.join();
  fred.qa(
    sentryCrons((slug, run, config) => {
      monitored.push({ slug, ...config });
      return run();
    }),
  );
  await fred.hire('cron', { cron: '0 9 * * *', tz: 'Europe/Helsinki', work: fails });
  await fred.hire('interval', { every: '1 hour', work });
  for (const name of ['cron', 'interval']) await fred.demand(name);
  await waitFor('the runs', () => fleet.told.finish.length + fleet.told.fail.length === 2);
  expect(fleet.told.fail).toMatchObject([{ job: 'cron' }]);
  expect(monitored).toEqual([
    { slug: 'cron', schedule: { type: 'crontab', value: '0 9 * * *' }, timezone: 'Europe/Helsinki' },
  ]);
});
