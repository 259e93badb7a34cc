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

export const textOf = ({ page }: Tab, selector = 'main') =>
  page.$eval(selector, (found) => found.textContent ?? '');

export const shows = (tab: Tab, text: string, selector = 'body') =>
  waitFor(`'${text}' on the page`, async () => (await textOf(tab, selector)).includes(text));

/** The jobs that are listed. */
export const namesIn = ({ page }: Tab) =>
  page.$$eval('td.name > a', (links) => links.map((link) => link.textContent ?? ''));

export const focused = ({ page }: Tab) => page.evaluate(() => document.activeElement?.textContent ?? '');
