import { Redis } from 'ioredis';
import type { SteeredEvent } from '../../src/events';
import { segmentOf } from '../../src/web/api';
import { makeFleet } from '../support/fleet';
import { startServer } from '../support/server';
import { delay, waitFor } from '../support/wait';
import { serveWeb } from './site';

const fleet = makeFleet();
const work = () => {};

/** What a browser must not take for something else. */
const HOSTILE = [
  '<img src=x onerror=alert(1)>',
  '../..',
  '..',
  '.',
  'a/b?c#d',
  '%2e',
  '=abc',
  'ü 名 \u202e',
  'api',
];

it('lists the jobs of the fleet with their last runs, and why they need attention', async () => {
  const fred = fleet.join();
  const { site } = await serveWeb(fleet, fred);
  await fred.hire('hourly', { every: '1 hour', work });
  await fred.hire('broken', {
    work: () => {
      throw new Error('no such table');
    },
  });
  fleet.allowErrors(/WORK_FAILED/);
  for (const runs of [1, 2]) {
    await fred.demand('broken');
    await waitFor('the failure', () => fleet.told.fail.length === runs);
  }
  await waitFor('both to be recorded', async () => (await fred.history('broken')).length === 2);

  const { status, json } = await site.get('/api/jobs');
  expect(status).toBe(200);
  expect(json).toMatchObject({ prefix: fleet.prefix, instances: 1, access: 'write', who: null });
  expect(Math.abs(json.now - Date.now())).toBeLessThan(60_000);
  const [broken, hourly] = json.jobs;
  expect(broken).toMatchObject({ name: 'broken', attention: ['failing'], failures: 2, running: null });
  expect(broken.recent.map((run: { error: string }) => run.error)).toEqual([
    'no such table',
    'no such table',
  ]);
  expect(broken.recent[0].startedAt).toBeLessThanOrEqual(broken.recent[1].startedAt);
  expect(hourly).toMatchObject({ name: 'hourly', words: 'every 1 hour', attention: [], recent: [] });

  await fred.demand('broken');
  await waitFor('a third run', async () => (await fred.history('broken')).length === 3);
  await waitFor('the strip to follow', async () => {
    const [job] = (await site.get('/api/jobs')).json.jobs;
    return job.recent.length === 3 && job.recent[2].startedAt === job.lastRun.startedAt;
  });
});

it('shows a job with its next slots and who hires it, and its runs with the causes of their errors', async () => {
  const fred = fleet.join();
  const { site } = await serveWeb(fleet, fred);
  await fred.hire('job', {
    every: '1 hour',
    work: () => {
      throw new Error('outer', { cause: new TypeError('inner') });
    },
  });
  fleet.allowErrors(/WORK_FAILED/);
  await fred.demand('job');
  await waitFor('its failure', async () => (await fred.history('job')).length === 1);

  const { json } = await site.get('/api/jobs/job');
  expect(json).toMatchObject({
    access: 'write',
    job: { name: 'job' },
    next: await fred.next('job'),
    hiredBy: [{ id: fred.id, pid: process.pid }],
  });
  const history = await site.get('/api/jobs/job/history?last=5');
  expect(history.json.runs).toHaveLength(1);
  expect(history.json.runs[0].details).toMatchObject({ message: 'outer', cause: { name: 'TypeError' } });
  expect(history.json.runs[0].details.stack).toContain('api.test');
  for (const last of ['0', 'x', '1001', '-1', '']) {
    expect((await site.get(`/api/jobs/job/history?last=${last}`)).status).toBe(400);
  }
});

it('shows the instances, how the last runs were shared, and the next 24 hours', async () => {
  const [fred, wilma] = [fleet.join(), fleet.join()];
  const { site } = await serveWeb(fleet, fred);
  await fred.hire('often', { every: '1 minute', work });
  await fred.hire('hourly', { every: '1 hour', work });
  await wilma.hire('demanded', { work });
  await wilma.demand('demanded');
  await waitFor('its run', async () => (await fred.history('demanded')).length === 1);

  const seen = await site.get('/api/fleet');
  expect(seen.json.instances.map(({ id }: { id: string }) => id)).toEqual([fred.id, wilma.id].sort());
  expect(seen.json.shares).toEqual([
    { by: wilma.id, host: expect.any(String), pid: process.pid, runs: 1, failures: 0 },
  ]);
  const { json } = await site.get('/api/ahead');
  const [hourly, often] = json.jobs;
  expect(json.jobs).toHaveLength(2);
  expect(hourly).toMatchObject({ name: 'hourly', more: false });
  expect(hourly.slots).toEqual(
    (await fred.next('hourly', { count: 24 })).filter((slot) => slot < json.until),
  );
  expect(often).toMatchObject({ name: 'often', more: true });
  expect(often.slots).toEqual(await fred.next('often', { count: 300 }));
});

it('demands, pauses, resumes, fires and forgets; each is reported by the event steered, with who did it', async () => {
  const fred = fleet.join();
  const { site } = await serveWeb(fleet, fred, { authorize: () => ({ access: 'write', who: 'ann' }) });
  await fred.hire('job', { every: '1 hour', work });

  const demanded = await site.post('/api/jobs/job/demand');
  expect(demanded).toMatchObject({
    status: 200,
    json: { action: 'demand', name: 'job', message: "demanded 'job'" },
  });
  await waitFor('its run', async () => (await fred.history('job')).length === 1);

  const until = Date.now() + 3_600_000;
  const paused = await site.post('/api/jobs/job/pause', { until, note: 'on call' });
  expect(paused.json.job.paused).toMatchObject({ until, note: 'on call' });
  expect((await fred.jobs())[0]?.paused).toMatchObject({ until, note: 'on call' });
  const again = await site.post('/api/jobs/job/pause', { until: '2 hours', note: null });
  expect(again.json.job.paused).toMatchObject({ until: expect.any(Number), note: null });

  const resumed = await site.post('/api/jobs/job/resume');
  expect(resumed.json).toMatchObject({ message: "resumed 'job'", job: { paused: null } });
  const fired = await site.post('/api/jobs/job/fire');
  expect(fired.json.job).toMatchObject({ fired: true, nextSlot: null });

  // Our own instance hires it, and nobody at a page means to end that.
  const refused = await site.post('/api/jobs/job/forget');
  expect(refused).toMatchObject({ status: 409, json: { error: { code: 'FORGET' } } });
  expect((await fred.jobs()).map(({ hiredBy }) => hiredBy)).toEqual([[fred.id]]);
  const wilma = fleet.join();
  await wilma.hire('left', { every: '1 hour', work });
  await wilma.quit();
  const forgotten = await site.post('/api/jobs/left/forget');
  expect(forgotten).toMatchObject({ status: 200, json: { job: null, message: "forgot 'left'" } });

  const steered = (action: SteeredEvent['action'], job = 'job') => ({ job, action, who: 'ann' });
  expect(fleet.told.steered).toEqual([
    steered('demand'),
    steered('pause'),
    steered('pause'),
    steered('resume'),
    steered('fire'),
    steered('forget', 'left'),
  ]);
});

it('serves and steers jobs of any name', async () => {
  const fred = fleet.join();
  const { site } = await serveWeb(fleet, fred);
  for (const name of HOSTILE) await fred.hire(name, { every: '1 hour', work });
  for (const name of HOSTILE) {
    const path = `/api/jobs/${segmentOf(name)}`;
    expect(new URL(path, site.origin).pathname).toBe(path);
    expect((await site.get(path)).json.job.name).toBe(name);
    expect((await site.get(`${path}/history`)).json.runs).toEqual([]);
    expect((await site.post(`${path}/pause`)).json.job).toMatchObject({ name, paused: { note: null } });
  }
});

it('answers malformed paths and bodies with 400 or 404, and without a stack', async () => {
  const fred = fleet.join();
  const { site } = await serveWeb(fleet, fred, { base: '/' });
  await fred.hire('job', { every: '1 hour', work });
  const refused: [Promise<{ status: number; text: string }>, number][] = [
    [site.get('/api/jobs/%'), 400],
    [site.get('/api/jobs/%ff'), 400],
    [site.get('/api/jobs/=!'), 400],
    [site.get('/api/jobs/=_w'), 400],
    [site.get('/api/jobs/'), 404],
    [site.get('/api/jobs/nobody'), 404],
    [site.get('/api/jobs/job/unknown'), 404],
    [site.get('/api/nothing'), 404],
    [site.get('/assets/nothing.js'), 404],
    [site.get('/assets/__proto__'), 404],
    [site.get('/elsewhere'), 404],
    [site.get('//'), 404],
    [site.get('/\\api\\jobs'), 400],
    [site.get('/', { host: 'a b' }), 400],
    [site.post('/api/jobs/nobody/pause'), 404],
    [site.post('/api/jobs'), 404],
    [site.post('/api/jobs/job/history'), 404],
    [site.post('/api/jobs/job/pause', ''), 400],
    [site.post('/api/jobs/job/pause', '{'), 400],
    [site.post('/api/jobs/job/pause', '[]'), 400],
    [site.post('/api/jobs/job/pause', 'null'), 400],
    [site.post('/api/jobs/job/pause', { until: true }), 400],
    [site.post('/api/jobs/job/pause', { until: 'soon' }), 400],
    [site.post('/api/jobs/job/pause', { until: 1 }), 400],
    [site.post('/api/jobs/job/pause', { note: 1 }), 400],
    [site.post('/api/jobs/job/pause', { note: 'n'.repeat(201) }), 400],
    [site.post('/api/jobs/job/pause', { note: 'n'.repeat(20_000) }), 413],
    [site.ask('/api/jobs/job', { method: 'DELETE' }), 405],
  ];
  for (const [answer, status] of refused) {
    const { status: was, text } = await answer;
    expect({ was, text }).toEqual({ was: status, text: expect.not.stringMatching(/\n\s+at |\.[jt]s:\d/) });
  }
  expect((await fred.jobs())[0]?.paused).toBeNull();
});

it('pushes changes to every open tab, and sends nothing to Redis while none is open', async () => {
  // Commands are counted, so nobody else may send any.
  const server = await startServer();
  fleet.afterwards(() => server.stop());
  const admin = new Redis(server.url);
  fleet.afterwards(() => admin.quit());
  const connection = server.url;
  const fred = fleet.join({ connection });
  const { site, pages } = await serveWeb(fleet, fred);
  await fred.hire('job', { every: '1 hour', work });
  const counted = async (section: string, count: RegExp) =>
    Number(count.exec(await admin.info(section))?.[1] ?? 0);
  // Only a look at the fleet scans what is due.
  const looks = () => counted('commandstats', /cmdstat_zscan:calls=(\d+)/);
  const tabs = await Promise.all([site.listen(), site.listen()]);
  await waitFor('both to be ready', () => tabs.every(({ heard }) => heard[0]?.event === 'ready'));
  expect((await site.get('/api/jobs')).json.jobs).toHaveLength(1);
  expect(await looks()).toBeGreaterThan(0);

  // By another instance, so the bell announces it.
  const wilma = fleet.join({ connection });
  await wilma.pause('job');
  await waitFor('the pause in both', () => tabs.every(({ jobs }) => jobs.get('job')?.paused));
  // No bell announces the end of a run.
  await fred.demand('job');
  await waitFor('the run in both', () => tabs.every(({ jobs }) => jobs.get('job')?.runs === 1));
  await wilma.hire('new', { every: '1 hour', work });
  await waitFor('another job', () => tabs.every(({ jobs }) => jobs.has('new')));

  for (const tab of tabs) tab.leave();
  const sent = () => counted('stats', /total_commands_processed:(\d+)/);
  const quiet = () =>
    waitFor('nothing to be sent for two seconds', async () => {
      const before = await sent();
      await delay(2000);
      return (await sent()) - before <= 1;
    });
  await quiet();
  const before = await looks();
  // An open tab would be shown this within a second or so.
  await wilma.resume('job');
  await wilma.quit();
  await quiet();
  expect(await looks()).toBe(before);

  const last = await site.listen();
  await waitFor('a tab again', () => last.heard.length > 0);
  pages.close();
  await waitFor('its end', () => last.hasEnded);
});

it('after a quit its tabs end, and requests are answered with 503, not with errors of the instance', async () => {
  const fred = fleet.join();
  const { site } = await serveWeb(fleet, fred);
  const tab = await site.listen();
  await waitFor('the tab to be ready', () => tab.heard.length > 0);
  await fred.quit();
  expect(await site.get('/api/jobs/job')).toMatchObject({ status: 503, json: { error: { code: 'QUIT' } } });
  await waitFor('its end', () => tab.hasEnded);
});
