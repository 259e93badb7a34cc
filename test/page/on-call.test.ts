import type { Browser, Page } from 'puppeteer-core';
import { makeFleet } from '../support/fleet';
import { waitFor } from '../support/wait';
import { serveWeb } from '../web/site';
import { openBrowser, openTab, seriousIn } from './browser';

const fleet = makeFleet();
const HOUR = 3_600_000;
/**
 * ms that a person takes who is in no hurry: to follow the link in an alert, to read a word (200 a minute), to find a thing
 * and click it, and to type a character.
 */
const HUMAN = { open: 5000, word: 300, click: 2000, key: 250 };

let browser: Browser;

beforeAll(async () => {
  browser = await openBrowser();
});

afterAll(() => browser.close());

const shows = (page: Page, text: string) =>
  waitFor(`'${text}' on the page`, () =>
    page.evaluate((wanted) => document.body.textContent?.includes(wanted) ?? false, text),
  );

/**
 * Presses Tab, or Shift and Tab, until the focus is where it should be. Not beyond the page's end: there are the browser's
 * own buttons, and without a window, Firefox does not come back from them.
 */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    const way = await page.evaluate((wanted) => {
      const focused = document.activeElement;
      const target = document.querySelector(wanted);
      if (focused?.matches(wanted)) return null;
      if (!focused || !target) return 'on';
      return focused.compareDocumentPosition(target) & Node.DOCUMENT_POSITION_PRECEDING ? 'back' : 'on';
    }, selector);
    if (way === null) return;
    if (way === 'back') await page.keyboard.down('Shift');
    await page.keyboard.press('Tab');
    if (way === 'back') await page.keyboard.up('Shift');
  }
  throw new Error(`Tab does not lead to ${selector}`);
}

test('from an alert, five clicks lead to its cause and to a pause of two hours with a note, in a minute', async () => {
  fleet.allowErrors(/WORK_FAILED/);
  const fred = fleet.join();
  for (const name of ['cleanup', 'heartbeat', 'import', 'newsletter', 'reports', 'sitemap']) {
    await fred.hire(name, { every: '1 hour', work: () => {} });
  }
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
  let [clicks, takenMs] = [0, HUMAN.open];
  const click = async (selector: string) => {
    clicks += 1;
    takenMs += HUMAN.click;
    await page.locator(selector).click();
  };
  /** All that stands there, word by word. */
  const read = async (selector: string) => {
    // biome-ignore lint/performance/useDomNodeTextContent: textContent joins the words of neighbours
    const texts = await page.$$eval(selector, (all) => all.map((one) => (one as HTMLElement).innerText));
    takenMs += HUMAN.word * texts.join(' ').split(/\s+/).length;
  };

  await page.goto(`${site.origin}/`);
  await shows(page, 'failing');
  await read('.chips, tbody tr:first-child');
  // The job that fails is at the top.
  await click('td.name > a');
  await shows(page, 'Error: the connection to db-2 was reset');
  await shows(page, 'caused by');
  // Stacks are looked over, the errors are read.
  await read('.job-head, .last-error h3, .last-error strong');
  await click('.act.pause');
  await shows(page, 'No scheduled run starts in the whole fleet (1 instance)');
  await read('dialog');
  // Two hours are chosen already.
  await click('.note input');
  const note = 'OPS-12: db-2 is down';
  await page.keyboard.type(note);
  takenMs += HUMAN.key * note.length;
  await click('dialog button[type=submit]');
  await shows(page, note);
  await page.waitForSelector('.notice.good');
  await read('.notice, .states');
  expect(clicks).toBeLessThanOrEqual(5);
  expect(takenMs).toBeLessThan(60_000);

  const job = (await fred.jobs()).find(({ name }) => name === 'invoices');
  expect(job?.paused).toMatchObject({ note });
  expect((job?.paused?.until ?? 0) - (job?.paused?.since ?? 0)).toBe(2 * HOUR);

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

test('by keyboard alone: pause until a time, resume, demand, fire, and forget what nobody hires', async () => {
  const fred = fleet.join();
  await fred.hire('job', { every: '1 hour', work: () => {} });
  const wilma = fleet.join();
  await wilma.hire('left', { every: '1 hour', work: () => {} });
  await wilma.quit();
  const { site } = await serveWeb(fleet, fred, { authorize: () => ({ access: 'write', who: 'ann' }) });
  const { page, faults, close } = await openTab(browser);
  fleet.afterwards(close);
  const { keyboard } = page;
  const open = async (action: string) => {
    await page.waitForSelector(`.act.${action}`);
    await tabTo(page, `.act.${action}`);
    await keyboard.press('Enter');
    await page.waitForSelector('dialog[open]');
  };
  /** Enter on the first button, Cancel, would do nothing. */
  const confirm = async (said: string) => {
    await tabTo(page, 'dialog button[type=submit]');
    await keyboard.press('Enter');
    await shows(page, said);
    await waitFor('no dialog', async () => (await page.$('dialog')) === null);
  };

  await page.goto(`${site.origin}/#job/job`);
  await open('pause');
  await tabTo(page, 'dialog input:checked');
  for (let presses = 0; presses < 3; presses += 1) await keyboard.press('ArrowDown');
  await page.waitForSelector('input[type=datetime-local]');
  await tabTo(page, 'input[type=datetime-local]');
  // Month, day, year: a year later.
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowUp'] as const) await keyboard.press(key);
  const chosen = await page.$eval('input[type=datetime-local]', (field) => (field as HTMLInputElement).value);
  await tabTo(page, '.note input');
  await keyboard.type('a year off');
  await keyboard.press('Enter');
  await shows(page, "paused 'job'");
  const paused = async () => (await fred.jobs()).find(({ name }) => name === 'job')?.paused;
  const until = new Date(chosen).getTime();
  expect(await paused()).toMatchObject({ until, note: 'a year off' });
  expect(until).toBeGreaterThan(Date.now() + 300 * 24 * HOUR);
  await shows(page, 'paused until');

  await open('resume');
  await confirm("resumed 'job'");
  expect(await paused()).toBeNull();
  await open('demand');
  await confirm("demanded 'job'");
  await page.waitForSelector('.runs > li');
  await shows(page, ', demanded');
  await open('fire');
  await confirm("fired 'job'");
  await shows(page, 'none: it was fired');
  await open('forget');
  expect(await page.$('dialog button[type=submit]:disabled')).not.toBeNull();
  await keyboard.press('Escape');
  await waitFor('no dialog', async () => (await page.$('dialog')) === null);

  await page.goto(`${site.origin}/#job/left`);
  await shows(page, 'orphaned');
  await open('forget');
  await shows(page, 'This cannot be undone');
  await confirm("forgot 'left'");
  await shows(page, 'No such job');
  expect((await fred.jobs()).map(({ name }) => name)).toEqual(['job']);
  const steered = fleet.told.steered.map(({ action, job, who }) => `${who} ${action} ${job}`);
  expect(steered).toEqual([
    ...['pause', 'resume', 'demand', 'fire'].map((action) => `ann ${action} job`),
    'ann forget left',
  ]);
  // The browser itself says of each answer of 404, which the forgotten job gets, that it failed.
  expect(faults.filter((fault) => !fault.includes('404'))).toEqual([]);
});
