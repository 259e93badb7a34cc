import { installed, isExecutable, onPath } from './programs';
import { firstOpen, type Way } from './ways';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

/**
 * The path of a Chromium or Chrome, found in this order: `CHROME_PATH`; on PATH; as root on Debian, after
 * `apt-get install chromium`.
 * @throws Error if `CHROME_PATH` is set but leads to no program
 * @throws AggregateError that says of each way why it is not open
 */
export async function findChromium(log: (line: string) => void = () => {}): Promise<string> {
  const given = process.env.CHROME_PATH;
  if (given) {
    if (!isExecutable(given)) throw new Error(`CHROME_PATH leads to no program: ${given}`);
    return given;
  }
  const ways: Way<string>[] = [
    { name: 'CHROME_PATH', take: () => Promise.reject(new Error('not set')) },
    { name: 'chromium or chrome on PATH', take: chromiumOnPath },
    { name: 'apt-get install chromium', take: () => installed('chromium', log, chromiumOnPath) },
  ];
  return firstOpen('browser for the tests', ways);
}

async function chromiumOnPath(): Promise<string> {
  const path = NAMES.map(onPath).find((found) => found !== undefined);
  if (path === undefined) throw new Error(`there is none in ${process.env.PATH || 'it, it is empty'}`);
  return path;
}
