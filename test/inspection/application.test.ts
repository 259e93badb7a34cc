import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applicationOf, nameOfApplication } from '../../src/inspection/application';
import { bossman } from '../cli/cli';
import { makeFleet } from '../support/fleet';
import { testUrl } from '../support/redis';
import { TYPESCRIPT } from '../support/typescript';
import { waitFor } from '../support/wait';

const SRC = join(__dirname, '..', '..', 'src');
const fleet = makeFleet();
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bossman-application-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** A folder with a package.json. */
function packageAt(path: string, manifest: unknown): string {
  const at = join(folder, path);
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, 'package.json'), typeof manifest === 'string' ? manifest : JSON.stringify(manifest));
  return at;
}

describe('the application of a process', () => {
  it('is the nearest package above its main script that has a name', () => {
    packageAt('shop', { name: 'shop', version: '1.4.0' });
    packageAt('shop/dist', { type: 'module' });
    packageAt('shop/broken', '{');
    packageAt('scoped', { name: '@acme/mail' });
    const nowhere = () => '/';
    expect(applicationOf(join(folder, 'shop/dist/main.js'), nowhere)).toBe('shop@1.4.0');
    expect(applicationOf(join(folder, 'shop/broken/main.js'), nowhere)).toBe('shop@1.4.0');
    expect(applicationOf(join(folder, 'scoped/main.js'), nowhere)).toBe('@acme/mail');
  });

  it("is the working folder's if the main script belongs to a framework, or there is none", () => {
    const shop = packageAt('shop', { name: 'shop', version: '1.4.0' });
    packageAt('shop/node_modules/next', { name: 'next', version: '16.0.0' });
    expect(applicationOf(join(shop, 'node_modules/next/dist/bin/next'), () => shop)).toBe('shop@1.4.0');
    expect(applicationOf(undefined, () => shop)).toBe('shop@1.4.0');
  });

  it('is the name of the main script without a package, and null without either', () => {
    expect(applicationOf('/nowhere/jobs.mjs', () => '/')).toBe('jobs.mjs');
    expect(applicationOf(undefined, () => '/')).toBeNull();
  });

  it('is null if the working folder is gone, and is cut if its name is long', () => {
    const gone = () => {
      throw new Error('ENOENT: uv_cwd');
    };
    expect(applicationOf(undefined, gone)).toBeNull();
    packageAt('long', { name: 'a'.repeat(5000) });
    expect(applicationOf(join(folder, 'long/main.js'), gone)).toHaveLength(100);
  });

  it.each([
    ['shop@1.4.0', 'shop'],
    ['@acme/mail@1.0.0', '@acme/mail'],
    ['@acme/mail', '@acme/mail'],
    ['jobs.mjs', 'jobs.mjs'],
  ])('%s is called %s, whatever its version', (application, name) => {
    expect(nameOfApplication(application)).toBe(name);
  });
});

it('two services that hire one name by mistake are shown by fleet, and a warning of doctor', async () => {
  await Promise.all([startService('shop', '1.4.0'), startService('mail', '2.0.1')]);
  const call = (command: string) => bossman([command, '--url', testUrl(), '--prefix', fleet.prefix]);
  const { stdout } = await waitFor('both services to be seen', async () => {
    const ended = await call('fleet');
    return /shop@1\.4\.0/.test(ended.stdout) && /mail@2\.0\.1/.test(ended.stdout) ? ended : null;
  });
  expect(stdout).toMatch(/^INSTANCE +APPLICATION +VERSION/m);
  const found = await waitFor('the warning', async () => {
    const ended = await call('doctor');
    return /applications/.test(ended.stdout) ? ended.stdout : null;
  });
  expect(found).toMatch(
    /^warn +applications +'cleanup': (shop and mail|mail and shop)\n.*a different prefix$/m,
  );
});

/** A process of its own, until the test has ended, of a package that hires `cleanup`. */
async function startService(name: string, version: string): Promise<void> {
  const script = join(packageAt(name, { name, version }), 'main.cjs');
  writeFileSync(
    script,
    `const Bossman = require(${JSON.stringify(SRC)});
    const fred = new Bossman({ connection: '${testUrl()}', prefix: '${fleet.prefix}' });
    fred.hire('cleanup', { every: '1 hour', work() {} });
    process.once('SIGTERM', () => fred.quit());`,
  );
  const child = spawn(process.execPath, [...TYPESCRIPT, script], { stdio: 'inherit' });
  fleet.afterwards(async () => {
    child.kill();
    await once(child, 'exit');
  });
}
