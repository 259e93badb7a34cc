import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { inspect, promisify } from 'node:util';
import { Redis } from 'ioredis';
import Bossman from '../../src';
import { makeFleet } from '../support/fleet';
import { TYPESCRIPT } from '../support/typescript';
import { delay, waitFor } from '../support/wait';
import { startTlsServer, type TlsServer } from './servers';

const run = promisify(execFile);

const PASSWORD = 'pass word/1';
const WRONG = 'wrong word/2';

describe('a server with a password and TLS', () => {
  let dir: string;
  let tls: TlsServer;
  beforeAll(async () => {
    dir = mkdtempSync(joinPath(tmpdir(), 'bossman-tls-'));
    tls = await startTlsServer(dir, ['--requirepass', PASSWORD]);
  });
  afterAll(async () => {
    await tls.server.stop();
    rmSync(dir, { recursive: true });
  });

  const fleet = makeFleet();
  const options = (password = PASSWORD) => ({
    host: '127.0.0.1',
    port: tls.port,
    password,
    tls: { ca: tls.ca },
  });
  const url = (password = PASSWORD) => `rediss://:${encodeURIComponent(password)}@127.0.0.1:${tls.port}`;
  /** Slots and a demand, by an instance of each. */
  const expectRuns = async (connection: Bossman.Connection) => {
    const [one, other] = [fleet.join({ connection }), fleet.join({ connection })];
    await one.hire('tick', { every: 50, work() {} });
    await one.hire('demanded', { work() {} });
    await other.demand('demanded');
    const count = (job: string) => fleet.told.finish.filter((run) => run.job === job).length;
    await waitFor('three slots and a demand', () => count('tick') >= 3 && count('demanded') === 1);
  };

  test('jobs tick and demands are run, by options', () => expectRuns(options()));

  test('jobs tick and demands are run, by a client of the caller made from a rediss:// URL', async () => {
    const caller = new Redis(url(), { tls: { ca: tls.ca }, lazyConnect: true });
    await expectRuns(caller);
    expect(caller.status).toBe('wait');
  });

  test('jobs tick, by a rediss:// URL in a process that trusts the certificate', async () => {
    const script = `
      const Bossman = require('../../src');
      const fred = new Bossman({ connection: ${JSON.stringify(url())}, prefix: 'url' });
      fred.hire('tick', { every: 50, work() { console.log('ran'); fred.quit(); } });`;
    const { stdout } = await run(process.execPath, [...TYPESCRIPT, '-e', script], {
      cwd: __dirname,
      env: { ...process.env, NODE_EXTRA_CA_CERTS: tls.caFile },
      timeout: 30_000,
    });
    expect(stdout).toBe('ran\n');
  });

  test.each([
    ['a wrong password', () => options(WRONG), /^the \w+ connection to 127\.0\.0\.1:\d+ failed \(WRONGPASS /],
    [
      'a wrong password in a URL',
      () => new Redis(url(WRONG), { tls: { ca: tls.ca }, lazyConnect: true }),
      /WRONGPASS/,
    ],
    [
      'a certificate that nobody vouches for',
      () => url(),
      /^the \w+ connection to 127\.0\.0\.1:\d+ failed \(self-signed certificate; .* NODE_EXTRA_CA_CERTS, or /,
    ],
    ['no password', () => ({ ...options(), password: undefined }), /NOAUTH/],
  ])(
    '%s is reported once, with the address, and without the password',
    async (_what, connection, message) => {
      fleet.allowErrors(/^CONNECTION/);
      const one = fleet.join({ connection: connection() });
      await waitFor('an error', () => fleet.told.error.length > 0);
      await delay(1000);
      expect(fleet.told.error.map((error) => error.message)).toEqual([expect.stringMatching(message)]);
      await one.quit();
      for (const password of [PASSWORD, WRONG]) {
        for (const form of [password, encodeURIComponent(password)]) {
          expect(inspect(fleet.told.error, { depth: null, showHidden: true })).not.toContain(form);
        }
      }
    },
  );

  test('a hire that is refused for a wrong password is reported, and rejects, without the password', async () => {
    fleet.allowErrors(/^CONNECTION|^COMMAND/);
    const one = fleet.join({ connection: options(WRONG) });
    const refusal: unknown = await one.hire('tick', { every: 50, work() {} }).catch((error) => error);
    await delay(1500);
    expect(fleet.told.error.map(({ code }) => code).sort()).toEqual(['COMMAND', 'CONNECTION']);
    expect(inspect([refusal, fleet.told.error], { depth: null, showHidden: true })).not.toContain(WRONG);
  });

  test('with nobody listening, the process is warned once, without the password', async () => {
    const script = `
      const Bossman = require('../../src');
      const fred = new Bossman({ connection: ${JSON.stringify(url(WRONG))}, prefix: 'url' });
      process.on('warning', ({ name }) => name === 'BossmanError' && setTimeout(() => fred.quit(), 1000));`;
    const { stderr } = await run(process.execPath, [...TYPESCRIPT, '-e', script], {
      cwd: __dirname,
      env: { ...process.env, NODE_EXTRA_CA_CERTS: tls.caFile },
      timeout: 30_000,
    });
    expect(stderr.match(/BossmanError/g)).toHaveLength(1);
    expect(stderr).toContain('WRONGPASS');
    for (const form of [WRONG, encodeURIComponent(WRONG)]) expect(stderr).not.toContain(form);
  });

  test.each([
    ['is not percent-encoded', (at: string) => `rediss://:${WRONG}@${at}`],
    ['stands in a URL that is none', (at: string) => `rediss//:secret@${at}?password=${WRONG}`],
    ['has a stray percent sign', (at: string) => `rediss://:100%${WRONG}@${at}`],
  ])('a password that %s is refused at once, and not shown', (_how, broken) => {
    const thrown = refusalOf(() => new Bossman({ connection: broken(`127.0.0.1:${tls.port}`) }));
    expect(thrown).toBeInstanceOf(TypeError);
    expect(thrown).toHaveProperty(
      'message',
      expect.stringMatching(/^connection: '.*\*\*\*@127\.0\.0\.1:\d+' is not a URL/),
    );
    expect(inspect(thrown, { depth: null, showHidden: true })).not.toMatch(/secret|wrong/);
  });
});

function refusalOf(call: () => unknown): unknown {
  try {
    call();
  } catch (thrown) {
    return thrown;
  }
  throw new Error('it was not refused');
}
