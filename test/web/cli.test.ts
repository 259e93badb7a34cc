import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { bossman, environment, MAIN } from '../cli/cli';
import { makeFleet } from '../support/fleet';
import { testUrl } from '../support/redis';
import { TYPESCRIPT } from '../support/typescript';
import { waitFor } from '../support/wait';
import { RunningSite } from './site';

const fleet = makeFleet();
const work = () => {};

/** Starts `bossman web`, and waits until it says where it serves. */
async function start(args: string[] = [], env: NodeJS.ProcessEnv = {}) {
  const given = ['web', '--port', '0', '--url', testUrl(), '--prefix', fleet.prefix, ...args];
  const child = spawn(process.execPath, [...TYPESCRIPT, MAIN, ...given], {
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  fleet.afterwards(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  const stderr = text(child.stderr);
  const [, port] = await waitFor('its address', () => /http:\/\/[^/]*:(\d+)\//.exec(said));
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    if (child.exitCode === null) await once(child, 'close');
    return { status: child.exitCode, stderr: await stderr };
  };
  return { site: new RunningSite(Number(port)), said: () => said, end };
}

it('serves a fleet that it does not join, and ends on SIGTERM', async () => {
  const fred = fleet.join();
  await fred.hire('job', { every: '1 hour', work });
  const { site, said, end } = await start();
  expect(said()).toBe(`the fleet '${fleet.prefix}' is served at ${site.origin}/\n`);
  expect((await site.get('/')).text).toContain('./assets/page-');
  expect((await site.get('/elsewhere')).status).toBe(404);
  expect((await site.get('/', { host: 'evil.example' })).status).toBe(403);
  const { json } = await site.get('/api/jobs');
  expect(json).toMatchObject({
    prefix: fleet.prefix,
    instances: 1,
    access: 'write',
    jobs: [{ name: 'job' }],
  });

  const tab = await site.listen();
  await waitFor('the tab to be ready', () => tab.heard[0]?.event === 'ready');
  await waitFor('the bell to be heard', async () => (await fleet.listeners()) === 2);
  await fred.pause('job', { note: 'by hand' });
  await waitFor('the pause', () => tab.jobs.get('job')?.paused);

  expect((await site.post('/api/jobs/job/resume')).json.job.paused).toBeNull();
  expect((await site.post('/api/jobs/job/pause', { until: 'soon' })).status).toBe(400);
  expect((await site.post('/api/jobs/job/demand')).status).toBe(200);
  await waitFor('the run', async () => (await fred.history('job')).length === 1);
  await waitFor('the run in the tab', () => tab.jobs.get('job')?.runs === 1);
  expect(said()).toContain("resume 'job'\ndemand 'job'\n");

  tab.leave();
  await waitFor('the bell not to be heard', async () => (await fleet.listeners()) === 1);
  await site.listen();
  expect(await end('SIGTERM')).toEqual({ status: 0, stderr: '' });
  expect(await fred.fleet()).toHaveLength(1);
});

it("with a password, browsers are asked for it, actions are printed with the user's name, and read-only applies as well", async () => {
  const fred = fleet.join();
  await fred.hire('job', { every: '1 hour', work });
  const env = { BOSSMAN_WEB_PASSWORD: 'sesame:ü' };
  const { site, said, end } = await start(['--host', '0.0.0.0'], env);
  const as = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
  for (const headers of [{}, as('ann:wrong'), as('ann'), as(':'), { authorization: 'Bearer x' }]) {
    const { status, headers: answer } = await site.get('/api/jobs', headers);
    expect({ status, asks: answer['www-authenticate'] }).toEqual({
      status: 401,
      asks: expect.stringMatching(/^Basic /),
    });
  }
  const seen = await site.get('/api/jobs', { ...as('ann:sesame:ü'), host: 'jobs.example' });
  expect(seen.json).toMatchObject({ access: 'write', who: 'ann' });
  expect((await site.post('/api/jobs/job/fire', {}, as('ann:sesame:ü'))).status).toBe(200);
  expect(said()).toContain("fire 'job' by 'ann'");
  expect((await end('SIGINT')).status).toBe(0);

  const other = await start(['--read-only'], env);
  expect((await other.site.post('/api/jobs/job/fire', {}, as('ann:sesame:ü'))).json.error.code).toBe(
    'READ_ONLY',
  );
});

it('a host beyond this machine needs a password, and a port in use is reported', async () => {
  const at = ['--url', testUrl(), '--prefix', fleet.prefix];
  const open = await bossman(['web', '--host', '0.0.0.0', ...at], { BOSSMAN_WEB_PASSWORD: '' });
  expect(open).toMatchObject({
    status: 2,
    stdout: '',
    stderr: expect.stringContaining('BOSSMAN_WEB_PASSWORD'),
  });
  const { site } = await start();
  const taken = await bossman(['web', '--port', String(site.port), ...at]);
  expect(taken).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('EADDRINUSE') });
  const wrong = await bossman(['web', '--port', '65536', ...at]);
  expect(wrong.status).toBe(2);
});
