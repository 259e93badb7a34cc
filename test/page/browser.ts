import { readFileSync } from 'node:fs';
import { type Browser, launch, type Page } from 'puppeteer-core';
import { findChromium } from '../support/chromium';

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** A browser without a window: Chromium, or Firefox where `FIREFOX_PATH` leads to one; close it after use. */
export async function openBrowser(): Promise<Browser> {
  const firefox = process.env.FIREFOX_PATH;
  if (firefox) return launch({ browser: 'firefox', executablePath: firefox });
  const args = ['--disable-dev-shm-usage', '--disable-gpu', '--no-first-run'];
  // Chromium refuses to run as root with its sandbox.
  if (process.getuid?.() === 0) args.push('--no-sandbox');
  return launch({ executablePath: await findChromium(console.log), args });
}

export interface Look {
  width?: number;
  height?: number;
  theme?: 'light' | 'dark';
}

/**
 * A tab, with an empty storage: close it before the next is opened, which would hide it. A browser context for each would take
 * twice the CPU. What goes wrong in the tab is collected in `faults`: errors, and what the CSP refused.
 */
export async function openTab(
  browser: Browser,
  { width = 1280, height = 900, theme = 'light' }: Look = {},
): Promise<Tab> {
  const page = await browser.newPage();
  await page.setViewport({ width, height });
  if (process.env.FIREFOX_PATH) {
    // Firefox cannot be told what the system prefers: the page's own switch is used.
    await page.evaluateOnNewDocument((kept) => {
      // A tab begins with an empty document, which has no storage.
      if (self.origin !== 'null') localStorage.setItem('bossman:theme', kept);
    }, theme);
  } else await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: theme }]);
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warn') faults.push(message.text());
  });
  const close = async () => {
    // Where the browser shows that a page could not be loaded, there is no storage.
    await page.evaluate(() => localStorage.clear()).catch(() => {});
    await page.close();
  };
  return { page, faults, close };
}

export interface Tab {
  page: Page;
  faults: string[];
  close(): Promise<void>;
}

/** What axe finds serious in a page, as `rule: elements`; the empty list is good. */
export async function seriousIn(page: Page): Promise<string[]> {
  // As the browser's own code, not the page's: the page's CSP refuses strangers.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof import('axe-core') };
    const { violations } = await axe.run(document, { resultTypes: ['violations'] });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(
        ({ id, nodes }) =>
          `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join(', ')}`,
      );
  });
}
