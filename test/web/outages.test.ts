import { makeFleet } from '../support/fleet';
import { startServer } from '../support/redis';
import { waitFor } from '../support/wait';
import { serveWeb } from './site';

const fleet = makeFleet();

// Redis is given 10 s, and signs of life are 8 s apart.
jest.setTimeout(120_000);

it('while Redis does not answer, requests are refused, and tabs stay open and show it; afterwards they read everything again', async () => {
  fleet.allowErrors(/./);
  const redis = await startServer();
  fleet.afterwards(() => redis.stop());
  const fred = fleet.join({ connection: redis.url });
  const { site } = await serveWeb(fleet, fred);
  await fred.hire('job', { every: '1 hour', work: () => {} });
  const tab = await site.listen();
  const told = (name: string) => tab.heard.filter(({ event }) => event === name).map(({ data }) => data);
  await waitFor('the tab to be ready', () => told('ready').length === 1);
  expect(told('ready')[0].aliveMs).toBeGreaterThan(0);

  redis.freeze();
  const refused = await Promise.all([site.get('/api/jobs'), site.post('/api/jobs/job/pause')]);
  for (const { status, json } of refused) {
    expect({ status, json }).toEqual({
      status: 503,
      json: { error: { code: expect.any(String), message: expect.any(String) } },
    });
  }
  await waitFor('the tab to know', () => told('alive').at(-1)?.isStale === true);
  expect(tab.hasEnded).toBe(false);

  redis.thaw();
  await waitFor('all to be read', () => told('changed').at(-1)?.all === true);
  await waitFor('another sign of life', () => told('alive').at(-1)?.isStale === false);
  expect((await site.get('/api/jobs')).status).toBe(200);
  expect(tab.hasEnded).toBe(false);
});
