import { waitFor } from '../support/wait';
import type { Tab } from './browser';
import type { FakeJob } from './fake-fleet';
import type { FakeServer } from './fake-server';
import { makeVisits, namesIn, shows, textOf } from './visits';

// Browsers start slowly where they get little of a core.
jest.setTimeout(180_000);

const { serve, open } = makeVisits();
const MINUTE = 60_000;

function jobIn({ fleet }: FakeServer, name: string): FakeJob {
  const job = fleet.jobs.get(name);
  if (!job) throw new Error(`no such job: ${name}`);
  return job;
}

/** The text of each fact of a job's page, by its title. */
const factsIn = ({ page }: Tab): Promise<Record<string, string | undefined>> =>
  page.$$eval('aside dt', (titles) =>
    Object.fromEntries(titles.map((one) => [one.textContent, one.nextElementSibling?.textContent])),
  );

/** The row of a job on the page of jobs. */
const row = (name: string) => `tr:has(a[href="#job/${name}"])`;

test('the last runs are a strip: their outcomes by shape and in words, their durations by height', async () => {
  const server = await serve(7);
  const { summary } = jobIn(server, 'reports');
  const [run] = summary.recent;
  if (!run) throw new Error('no run');
  const outcomes = ['done', 'done', 'failed', 'died', 'abandoned', 'vetoed'] as const;
  const durations = [10, 4000, 4000, 4000, 4000, 4000];
  summary.recent = outcomes.map((outcome, i) => ({ ...run, outcome, durationMs: durations[i] ?? 0 }));
  const tab = await open(server);
  const { label, shapes } = await tab.page.$eval(`${row('reports')} svg.strip`, (strip) => ({
    label: strip.getAttribute('aria-label'),
    shapes: [...strip.querySelectorAll('path')].map((path) => ({
      outcome: path.classList[1],
      shape: path.getAttribute('d') ?? '',
    })),
  }));
  expect(label).toBe('last 6 runs: 2 done, 1 failed, 1 died, 1 abandoned, 1 vetoed');
  // Without colours and places, they still differ.
  const kinds = new Set(
    shapes.map(({ shape }) => shape.replace(/[\d.-]+/g, ' ').replace(/(M.*?Z)(?=M).*/, '$1')),
  );
  expect(shapes.map(({ outcome }) => outcome)).toEqual(['done', 'failed', 'died', 'abandoned', 'vetoed']);
  expect(kinds.size).toBeGreaterThanOrEqual(4);
  const [short = 0, long = 0] = [...(shapes[0]?.shape.matchAll(/V([\d.]+)H/g) ?? [])].map(([, top]) =>
    Number(top),
  );
  expect(short).toBeGreaterThan(long + 5);
});

test('a countdown counts by itself, and a slot that no instance claims becomes overdue', async () => {
  const server = await serve(7);
  jobIn(server, 'engineers').summary.nextSlot = Date.now() + 2000;
  const tab = await open(server);
  const next = `${row('heartbeat')} .num`;
  const before = await textOf(tab, next);
  expect(before).toMatch(/^in \d+ s$/);
  await waitFor(
    'less time',
    async () =>
      Number.parseInt((await textOf(tab, next)).slice(3), 10) < Number.parseInt(before.slice(3), 10),
  );
  await shows(tab, 'overdue by', row('engineers'));
  await waitFor('it to be among the first', async () => (await namesIn(tab)).indexOf('engineers') < 3);
  expect(server.gets.every((path) => path === 'api/jobs')).toBe(true);
});

test('the page of a job has its plan in words and as text, its zone, its next five slots, its hirers and counts', async () => {
  const server = await serve(7);
  const tab = await open(server, 'job/invoices');
  await waitFor('the facts', async () => (await tab.page.$('aside dt')) !== null);
  const facts = await factsIn(tab);
  expect(facts).toMatchObject({
    Plan: expect.stringMatching(/^at 09:00, Monday through Friday.*cron 0 9 \* \* 1-5 Europe\/Helsinki$/),
    Zone: expect.stringContaining('Europe/Helsinki'),
    Next: expect.stringContaining('09:00:00 in the plan’s zone'),
    Running: 'not now',
    'Hired by': expect.stringContaining('worker-1:24350 warehouse@0.9.2'),
    Counts: '117 runs, 4 failed, 0 skipped',
  });
  expect(await tab.page.$$('.later > li')).toHaveLength(4);
});

test('the page of a job says where it runs since when, and until when, why and by whom it is paused', async () => {
  const server = await serve(7);
  const tab = await open(server, 'job/import');
  await shows(tab, 'on web-1:24348', 'aside');
  expect((await factsIn(tab)).Running).toMatch(/since .*, 4\d s$/);
  await tab.page.goto(`${server.url}#job/reports`);
  await shows(tab, 'OPS-12: the warehouse is down', 'aside');
  expect((await factsIn(tab)).Paused).toMatch(/^until .* is down.*by web-2:24349, 20 min/);
});

test('a bar in the plot of durations or lateness opens its run, with its error in full', async () => {
  const tab = await open(await serve(7), 'job/invoices');
  await tab.page.waitForSelector('.plot g');
  const plots = await tab.page.$$eval('.plot', (all) =>
    all.map((plot) => [plot.querySelector('figcaption')?.textContent, plot.querySelectorAll('g').length]),
  );
  expect(plots).toEqual([
    [expect.stringMatching(/^Duration median .*, 95 % within .*, most /), 39],
    [expect.stringMatching(/^Lateness median .*, 95 % within .*, most /), 39],
  ]);
  await tab.page.locator('.plot:nth-of-type(2) g:nth-of-type(3)').click();
  const picked = '.runs > li:nth-child(3)';
  await tab.page.waitForSelector(`${picked} details[open]`);
  const run = await textOf(tab, picked);
  for (const part of [
    'failed',
    'SqliteError: no such table: invoices',
    'invoices.js:14:9',
    'caused by',
    'db-2 was reset',
  ]) {
    expect(run).toContain(part);
  }
});

test('the page of the fleet has the instances, what runs in them, and how the last runs were shared', async () => {
  const server = await serve(7);
  const tab = await open(server, 'fleet');
  await shows(tab, 'How the last 117 runs were shared');
  const rowsIn = (table: string) =>
    tab.page.$$eval(`${table} tbody tr`, (rows) =>
      rows.map((one) => [...one.querySelectorAll('td')].map((cell) => cell.textContent?.trim() ?? '')),
    );
  const instances = await rowsIn('table.instances');
  expect(instances.map(([instance]) => instance)).toEqual([
    'web-1:24348shop@1.4.0',
    'web-2:24349shop@1.4.0',
    'worker-1:24350warehouse@0.9.2',
  ]);
  expect(instances[0]?.[1]).toMatch(/import 4\d s$/);
  const shares = await rowsIn('.shares table');
  expect(shares.reduce((sum, [, runs]) => sum + Number(runs), 0)).toBe(117);
  expect(shares.every(([, , , share]) => /^\d+ %$/.test(share ?? ''))).toBe(true);
});

test('the page of the next 24 hours shows when each job starts, and which start in the same second', async () => {
  const server = await serve(7);
  const at = Math.ceil(Date.now() / 1000) * 1000 + 30 * MINUTE;
  for (const name of ['engineers', 'reports']) {
    const job = jobIn(server, name);
    job.coming = [at, at + 10 * MINUTE];
    job.summary.nextSlot = at;
  }
  // Its pattern has no slot in the 24 hours after that of Friday.
  jobIn(server, 'invoices').coming = [at + 20 * MINUTE];
  const tab = await open(server, 'ahead');
  const collisions = await tab.page.$$eval('.collisions li', (all) =>
    all.map((one) => one.textContent ?? ''),
  );
  expect(collisions).toEqual([
    expect.stringMatching(/ 2 jobs reports, engineers$/),
    expect.stringMatching(/ 2 jobs reports, engineers$/),
  ]);
  const lanes = await tab.page.$$eval('.lanes li', (all) =>
    all.map((one) => `${one.textContent}: ${one.querySelector('svg')?.getAttribute('aria-label')}`),
  );
  expect(lanes).toEqual([
    'invoices: 1 start',
    'newsletter: 1 start',
    'reports: 2 starts',
    'engineers: 2 starts',
    'heartbeat: all the time',
  ]);
  await shows(tab, '6 starts of 4 jobs', 'h2');
});
