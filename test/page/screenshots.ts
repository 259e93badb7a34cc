import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openBrowser, openTab } from './browser';
import { makeFakeFleet } from './fake-fleet';
import { startFakeServer } from './fake-server';

// npm run screenshots              writes docs/web.png, the picture in the documents
// npm run screenshots -- FOLDER    writes every page to a folder: both themes, two widths, 0, 7 and 1,000 jobs

const [folder] = process.argv.slice(2);

async function main(): Promise<void> {
  const browser = await openBrowser();
  const shoot = async (count: number, view: string, look: Parameters<typeof openTab>[1], path: string) => {
    const server = await startFakeServer(makeFakeFleet(count, Date.now()));
    const { page, close } = await openTab(browser, look);
    await page.goto(`${server.url}#${view}`);
    await page.waitForSelector('.link.live');
    await page.waitForSelector('main table, main .runs > li, main .empty, main .lanes');
    await page.screenshot({ path: path as `${string}.png` });
    await close();
    await server.stop();
  };
  if (folder === undefined) {
    const look = { theme: 'light', width: 1280, height: 500 } as const;
    await shoot(7, 'jobs', look, join(__dirname, '..', '..', 'docs', 'web.png'));
  } else {
    mkdirSync(folder, { recursive: true });
    for (const count of [0, 7, 1000]) {
      for (const view of ['jobs', ...(count > 0 ? ['job/invoices', 'job/reports'] : []), 'fleet', 'ahead']) {
        for (const theme of ['light', 'dark'] as const) {
          for (const width of [1280, 390]) {
            const name = `${view.replace('/', '-')}-${count}-${theme}-${width}.png`;
            await shoot(count, view, { theme, width, height: width === 390 ? 844 : 900 }, join(folder, name));
          }
        }
      }
    }
  }
  await browser.close();
}

void main();
