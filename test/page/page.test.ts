import { delay, waitFor } from '../support/wait';
import { seriousIn } from './browser';
import { HOSTILE } from './fake-fleet';
import { focused, makeVisits, namesIn, shows, textOf } from './visits';

// axe, and 1,000 rows, take long where the browser gets little of a core.
jest.setTimeout(180_000);

const { serve, open } = makeVisits();

test.each([
  ['light', 390],
  ['dark', 390],
  ['light', 1280],
  ['dark', 1280],
] as const)('axe finds nothing serious on any page, %s and %s px wide', async (theme, width) => {
  const [server, empty] = await Promise.all([serve(7), serve(0)]);
  const tab = await open(server, 'jobs', { theme, width, height: 844 });
  for (const view of ['jobs', 'job/invoices', 'fleet', 'ahead']) {
    await tab.page.goto(`${server.url}#${view}`);
    await shows(tab, view === 'jobs' || view === 'ahead' ? 'newsletter' : 'web-1:24348', 'main');
    expect({ view, serious: await seriousIn(tab.page) }).toEqual({ view, serious: [] });
  }
  await tab.page.goto(`${server.url}#job/invoices`);
  await tab.page.locator('.act.pause').click();
  await tab.page.waitForSelector('dialog[open]');
  expect(await seriousIn(tab.page)).toEqual([]);
  await tab.page.goto(`${empty.url}#jobs`);
  await shows(tab, 'No jobs yet');
  expect(await seriousIn(tab.page)).toEqual([]);
  expect(tab.faults).toEqual([]);
});

test('no page is wider than a phone, however long the names and errors', async () => {
  const server = await serve(7);
  const { fleet } = server;
  const job = fleet.jobs.get('invoices');
  if (!job) throw new Error('no such job');
  const long = 'x'.repeat(300);
  fleet.jobs.delete('invoices');
  fleet.jobs.set(long, job);
  Object.assign(job.summary, { name: long, paused: { since: 0, until: null, note: long, by: long } });
  Object.assign(job.summary.lastRun ?? {}, { error: long });
  // Its pattern has no slot in the 24 hours after that of Friday.
  job.coming = [Date.now() + 3_600_000];
  for (const run of job.runs) Object.assign(run, { error: long, host: long, details: null });
  for (const instance of fleet.instances) Object.assign(instance, { host: long, application: long });
  const tab = await open(server, 'jobs', { width: 390, height: 844 });
  for (const view of ['jobs', `job/${long}`, 'fleet', 'ahead']) {
    await tab.page.goto(`${server.url}#${view}`);
    await shows(tab, long, 'main');
    // Where a scroll bar takes a part of the width, less is left.
    const width = await tab.page.evaluate(() => document.documentElement.scrollWidth);
    expect({ view, isWider: width > 390 }).toEqual({ view, isWider: false });
  }
});

test('jobs that need attention come first, and filters, search and sorting work', async () => {
  const tab = await open(await serve(7));
  expect((await namesIn(tab)).slice(0, 3)).toEqual(['invoices', 'newsletter', 'import']);
  expect(await textOf(tab, 'tbody tr')).toContain('no such table: invoices');
  await tab.page.locator('.chip.run').click();
  await waitFor('the running job alone', async () => (await namesIn(tab)).join() === 'import');
  await tab.page.locator('.chip.run').click();
  await tab.page.select('.sort select', 'name');
  await waitFor('jobs by name', async () => (await namesIn(tab))[0] === 'engineers');
  await tab.page.type('input[type=search]', 'warehouse');
  await waitFor('the job with that note', async () => (await namesIn(tab)).join() === 'reports');
  await tab.page.type('input[type=search]', ' nothing');
  await shows(tab, 'No job matches.');
});

test('everything can be done by keyboard', async () => {
  const server = await serve(7);
  const tab = await open(server);
  const { keyboard } = tab.page;
  await keyboard.press('/');
  await keyboard.type('re');
  await waitFor('the jobs with re in them', async () => (await namesIn(tab)).length < 7);
  await keyboard.press('Escape');
  await waitFor('all jobs', async () => (await namesIn(tab)).length === 7);
  await keyboard.press('ArrowDown');
  await keyboard.press('ArrowDown');
  expect(await focused(tab)).toBe('newsletter');
  await keyboard.press('ArrowUp');
  await keyboard.press('Enter');
  await tab.page.waitForSelector('.act.pause');
  await tab.page.focus('.act.pause');
  await keyboard.press('Enter');
  await tab.page.waitForSelector('dialog[open]');
  await keyboard.press('Escape');
  await waitFor('no dialog', async () => (await tab.page.$('dialog')) === null);
  expect(server.posts).toEqual([]);
  await keyboard.press('Escape');
  await tab.page.waitForSelector('table.jobs');
  await tab.page.goto(`${server.url}#ahead`);
  await tab.page.waitForSelector('.ahead-bins');
  await tab.page.focus('.ahead-bins');
  await keyboard.press('ArrowRight');
  await shows(tab, 'engineers', '.picked-bin');
});

test('the focus stays with the buttons when the one that was pressed disappears', async () => {
  const tab = await open(await serve(7), 'job/reports');
  const { page } = tab;
  const act = async (action: string) => {
    await page.waitForSelector(`.act.${action}`);
    await page.focus(`.act.${action}`);
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog[open]');
    await page.focus('dialog button[type=submit]');
    await page.keyboard.press('Enter');
    await waitFor('its button to go', async () => (await page.$(`.act.${action}, dialog`)) === null);
  };
  await act('resume');
  expect(await focused(tab)).toBe('Pause…');
  await act('fire');
  expect(await focused(tab)).toBe('Run now…');
});

test('hostile names, errors and notes are shown as text', async () => {
  const server = await serve(8);
  const tab = await open(server, `job/${encodeURIComponent(HOSTILE)}`);
  await shows(tab, '<img src=x onerror=', 'h2');
  expect(await textOf(tab)).toContain('\\u202egnp.exe');
  await tab.page.goto(`${server.url}#jobs`);
  await tab.page.waitForSelector('table.jobs');
  expect(await tab.page.$('main img')).toBeNull();
  expect(await tab.page.title()).not.toContain('owned');
  expect(tab.faults).toEqual([]);
});

test('a dialog explains its action, the result is shown, and a refusal stays in the dialog', async () => {
  const server = await serve(7);
  const tab = await open(server, 'job/invoices');
  await tab.page.locator('.act.fire').click();
  await shows(tab, 'in the whole fleet (3 instances)', 'dialog[open]');
  await tab.page.locator('dialog button[type=submit]').click();
  await shows(tab, "fire of 'invoices' was done", '.notice');
  await shows(tab, 'fired', '.states');
  await tab.page.locator('.act.forget').click();
  await shows(tab, 'its data must stay', 'dialog[open]');
  expect(await tab.page.$('dialog button[type=submit]:disabled')).not.toBeNull();
  await tab.page.keyboard.press('Escape');
  server.refuse = 'Redis is out of memory';
  await tab.page.locator('.act.demand').click();
  await tab.page.locator('dialog button[type=submit]').click();
  await shows(tab, 'Redis is out of memory', 'dialog [role=alert]');
});

test('a late answer to a dialog that is closed is shown, and closes no other dialog', async () => {
  const server = await serve(7);
  const tab = await open(server, 'job/invoices');
  const { page } = tab;
  for (const refuse of [null, 'Redis is out of memory']) {
    server.refuse = refuse;
    let release = () => {};
    server.held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.locator('.act.demand').click();
    const first = await page.waitForSelector('dialog[open]');
    await page.locator('dialog button[type=submit]').click();
    await shows(tab, 'Sending…', 'dialog[open]');
    await page.keyboard.press('Escape');
    await waitFor('no dialog', async () => (await page.$('dialog')) === null);
    await page.locator('.act.pause').click();
    await page.waitForSelector('dialog[open]');

    release();
    await shows(tab, refuse ?? "demand of 'invoices' was done", '.notice');
    await first?.evaluate(async (dialog) => {
      dialog.dispatchEvent(new Event('close'));
      // The page draws in between.
      for (const _ of [1, 2]) await new Promise(requestAnimationFrame);
    });
    expect(await page.$eval('dialog[open]', (dialog) => dialog.textContent)).toContain('How long');
    await page.keyboard.press('Escape');
    await waitFor('no dialog', async () => (await page.$('dialog')) === null);
  }
});

test('a viewer who may only read sees no buttons', async () => {
  const server = await serve(7);
  server.access = 'read';
  const tab = await open(server, 'job/invoices');
  await shows(tab, 'You have read-only access', '.job-head');
  await shows(tab, 'read-only', 'header');
  expect(await tab.page.$$('.act')).toEqual([]);
});

test('a change is shown when it is pushed, without another request', async () => {
  const server = await serve(7);
  const tab = await open(server);
  await shows(tab, 'engineers', 'table');
  // Once connected, the page loads again, because it may have missed changes since its first load.
  await waitFor('the second load', () => server.gets.length === 2);
  const job = server.fleet.jobs.get('engineers')?.summary;
  if (!job) throw new Error('no such job');
  server.push({ jobs: [{ ...job, attention: ['failing'], failuresInARow: 5 }], gone: ['sitemap'] });
  await shows(tab, 'failing, 5 in a row', 'tbody');
  expect(await namesIn(tab)).not.toContain('sitemap');
  await waitFor('the count in the title', async () => (await tab.page.title()).startsWith('(3) '));
  // Two loads are 2 s apart, so a third one would come by now.
  await delay(3000);
  expect(server.gets).toEqual(['api/jobs', 'api/jobs']);
});

test('a lost connection is shown, and afterwards what changed meanwhile', async () => {
  const server = await serve(7);
  const tab = await open(server);
  server.down();
  await shows(tab, 'the server does not answer', '.no-link');
  server.fleet.jobs.delete('sitemap');
  server.up();
  await tab.page.waitForSelector('.link.live');
  expect(await tab.page.$('.no-link')).toBeNull();
  await waitFor('the job to go', async () => !(await namesIn(tab)).includes('sitemap'));
});

test('a server that is frozen is noticed, and after it the page is live again, and fresh', async () => {
  const server = await serve(7);
  server.aliveMs = 200;
  const tab = await open(server);
  server.freeze();
  await shows(tab, 'Not live since', '.no-link');
  await shows(tab, 'not live', '.link');
  server.fleet.jobs.delete('sitemap');
  server.thaw();
  await tab.page.waitForSelector('.link.live');
  await waitFor('the job to go', async () => !(await namesIn(tab)).includes('sitemap'));
});

test('the page reports a Redis that does not answer the server, until it does', async () => {
  const server = await serve(7);
  server.aliveMs = 200;
  const tab = await open(server);
  server.isStale = true;
  await shows(tab, 'Redis does not answer the server', '.no-link');
  server.isStale = false;
  await tab.page.waitForSelector('.link.live');
  expect(await tab.page.$('.no-link')).toBeNull();
});

test('1,000 jobs are shown, searched and sorted as quickly as a person types', async () => {
  const tab = await open(await serve(1000));
  expect((await namesIn(tab)).length).toBeLessThan(200);
  // In the page itself: what the test's machine does meanwhile is not counted.
  const ms = await tab.page.evaluate(async () => {
    const field = document.querySelector<HTMLInputElement>('input[type=search]');
    const started = performance.now();
    if (field) field.value = 'audit-image 1';
    field?.dispatchEvent(new Event('input', { bubbles: true }));
    while (document.querySelectorAll('td.name > a').length > 5) await new Promise(requestAnimationFrame);
    return performance.now() - started;
  });
  expect(ms).toBeLessThan(2000);
  await tab.page.focus('input[type=search]');
  await tab.page.keyboard.press('Escape');
  await waitFor('all jobs again', async () => (await namesIn(tab)).length >= 60);
  let rows = 0;
  while (rows < 1000) {
    await tab.page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
    const before = rows;
    await waitFor('more rows', async () => {
      rows = (await namesIn(tab)).length;
      return rows > before;
    });
  }
});
