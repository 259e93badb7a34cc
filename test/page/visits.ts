import type { Browser } from 'puppeteer-core';
import { waitFor } from '../support/wait';
import { type Look, openBrowser, openTab, type Tab } from './browser';
import { makeFakeFleet } from './fake-fleet';
import { type FakeServer, startFakeServer } from './fake-server';

/** Call in a test file: it has one browser, and each test gives back its tabs and servers. */
export function makeVisits() {
  let browser: Browser;
  const ends: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    browser = await openBrowser();
  });

  afterAll(() => browser.close());

  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  return {
    /** A server with a fleet of so many jobs. */
    async serve(count: number): Promise<FakeServer> {
      const server = await startFakeServer(makeFakeFleet(count, Date.now()));
      ends.push(() => server.stop());
      return server;
    },

    /** A tab that shows a view, once it is drawn. */
    async open(server: FakeServer, view = 'jobs', look: Look = {}): Promise<Tab> {
      const tab = await openTab(browser, look);
      ends.push(() => tab.close());
      await tab.page.goto(`${server.url}#${view}`);
      await tab.page.waitForSelector('.link.live');
      await tab.page.waitForSelector('main table, main .job-body, main .empty, main .lanes');
      return tab;
    },
  };
}

// `$eval` and `$$eval` ask for a handle of each element and give it back, one by one: with 1,000 elements, that takes longer
// than all else in a test.
/** @throws Error if there is no such element */
export const textOf = ({ page }: Tab, selector = 'main') =>
  page.evaluate((wanted) => {
    const found = document.querySelector(wanted);
    if (!found) throw new Error(`there is no ${wanted}`);
    return found.textContent ?? '';
  }, selector);

export const shows = (tab: Tab, text: string, selector = 'body') =>
  waitFor(`'${text}' on the page`, async () => (await textOf(tab, selector)).includes(text));

/** The jobs that are listed. */
export const namesIn = ({ page }: Tab) =>
  page.evaluate(() => [...document.querySelectorAll('td.name > a')].map((link) => link.textContent ?? ''));

export const focused = ({ page }: Tab) => page.evaluate(() => document.activeElement?.textContent ?? '');
