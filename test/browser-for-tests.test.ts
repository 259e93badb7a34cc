import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findChromium } from './support/chromium';

const { PATH, CHROME_PATH } = process.env;
const uid = process.getuid;
/** All that is on the PATH. */
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bossman-path-'));
  process.env.PATH = folder;
  delete process.env.CHROME_PATH;
  become(65_534);
});

afterEach(() => {
  rmSync(folder, { recursive: true });
  process.env.PATH = PATH;
  if (CHROME_PATH !== undefined) process.env.CHROME_PATH = CHROME_PATH;
  if (uid) process.getuid = uid;
});

function become(id: number): void {
  process.getuid = () => id;
}

/** A program of that name on the PATH. */
function program(name: string, script = ''): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

test('CHROME_PATH comes first, whatever is on the PATH', async () => {
  program('chromium');
  process.env.CHROME_PATH = program('mine');
  expect(await findChromium()).toBe(join(folder, 'mine'));
});

test('a CHROME_PATH that leads to no program is an error, whatever else there is', async () => {
  program('chromium');
  process.env.CHROME_PATH = join(folder, 'nothing');
  await expect(findChromium()).rejects.toThrow(`CHROME_PATH leads to no program: ${folder}/nothing`);
  process.env.CHROME_PATH = folder;
  await expect(findChromium()).rejects.toThrow('CHROME_PATH leads to no program');
});

test.each(['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'])(
  'without it, %s is found on the PATH, and nothing is installed',
  async (name) => {
    become(0);
    program('apt-get', 'exit 1');
    const found = program(name);
    expect(await findChromium()).toBe(found);
  },
);

test('without either, root has apt-get install chromium', async () => {
  become(0);
  const calls = join(folder, 'calls');
  const made = join(folder, 'chromium');
  const install = `*' install '*) echo > ${made}; /bin/chmod +x ${made};;`;
  program('apt-get', `echo "$@" >> ${calls}\ncase "$*" in ${install} esac`);
  const said: string[] = [];
  expect(await findChromium((line) => said.push(line))).toBe(made);
  expect(said).toEqual(['apt-get installs chromium for the tests']);
  expect(readFileSync(calls, 'utf8').trim().split('\n')).toEqual([
    expect.stringMatching(/ update$/),
    expect.stringMatching(/ install -y --no-install-recommends chromium$/),
  ]);
});

const NONE = `  1. CHROME_PATH: not set
  2. chromium or chrome on PATH: there is none in`;

test('if all fail, the error names the three ways and what is wrong with each', async () => {
  const lines = ['no browser for the tests; the ways to one, in order:', `${NONE} ${folder}`];
  await expect(findChromium()).rejects.toThrow(
    [...lines, '  3. apt-get install chromium: this takes root'].join('\n'),
  );
  become(0);
  await expect(findChromium()).rejects.toThrow('  3. apt-get install chromium: there is no apt-get on PATH');
  program('apt-get', 'echo no space left >&2; exit 100');
  await expect(findChromium()).rejects.toThrow(/ {2}3\. apt-get install chromium: (.|\n)*no space left/);
});
