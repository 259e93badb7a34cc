import type { Browser } from 'puppeteer-core';
import { makeFleet } from '../support/fleet';
import { waitFor } from '../support/wait';
import { serveWeb } from '../web/site';
import { openBrowser, openTab, seriousIn } from './browser';

const fleet = makeFleet();

let browser: Browser;

beforeAll(async () => {
  browser = await openBrowser();
});

afterAll(() => browser.close());

test('it takes five clicks from an alert to its cause and a pause of two hours with a note', async () => {
  fleet.allowErrors(/WORK_FAILED/);
  const fred = fleet.join();
  await fred.hire('reports', { every: '1 hour', work: () => {} });
  await fred.hire('invoices', {
    every: '1 hour',
    work: () => {
      throw new Error('no such table: invoices', { cause: new Error('the connection to db-2 was reset') });
    },
  });
  await fred.demand('invoices');
  await waitFor('the failure', async () => (await fred.history('invoices')).length > 0);

  const { site } = await serveWeb(fleet, fred);
  const { page, faults, close } = await openTab(browser);
  fleet.afterwards(close);
  let clicks = 0;
  const click = async (selector: string) => {
    clicks += 1;
    await page.locator(selector).click();
  };
  const shows = (text: string) =>
    waitFor(`'${text}' on the page`, () =>
      page.evaluate((wanted) => document.body.textContent?.includes(wanted) ?? false, text),
    );

  await page.goto(`${site.origin}/`);
  await shows('failing');
  // The job that fails is at the top.
  await click('td.name > a');
  await shows('Error: the connection to db-2 was reset');
  await shows('caused by');
  await click('.act.pause');
  await shows('No scheduled run starts in the whole fleet (1 instance)');
  // Two hours are chosen already.
  await click('.note input');
  await page.keyboard.type('OPS-12: db-2 is down');
  await click('dialog button[type=submit]');
  await shows('OPS-12: db-2 is down');
  await page.waitForSelector('.notice.good');
  expect(clicks).toBeLessThanOrEqual(5);

  const job = (await fred.jobs()).find(({ name }) => name === 'invoices');
  expect(job?.paused).toMatchObject({ note: 'OPS-12: db-2 is down' });
  expect((job?.paused?.until ?? 0) - (job?.paused?.since ?? 0)).toBe(2 * 3_600_000);

  // A change that another instance makes is shown without anything being pressed.
  await fleet.join().resume('invoices');
  await waitFor('the resume', async () => (await page.$('.act.pause')) !== null);
  for (const view of ['jobs', 'fleet', 'ahead']) {
    await page.evaluate((to) => {
      location.hash = to;
    }, view);
    await page.waitForSelector(view === 'ahead' ? '.lanes' : 'table');
    expect({ view, serious: await seriousIn(page) }).toEqual({ view, serious: [] });
  }
  expect(faults).toEqual([]);
});
