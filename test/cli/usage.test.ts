import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { makeFleet } from '../support/fleet';
import { startServer, testUrl } from '../support/redis';
import { PATIENCE } from '../support/wait';
import { bossman, environment, MAIN } from './cli';
import { cliOf } from './fleet';

/** Port 1 is nobody's. */
const NOBODY = '127.0.0.1:1';

describe('an invalid call exits with 2, and prints why', () => {
  test.each([
    ['an unknown command', ['lits'], /^bossman: unknown command 'lits'\n\(Did you mean list\?\)\n$/],
    [
      'an unknown option',
      ['list', '--jsn'],
      /^bossman: unknown option '--jsn'\n\(Did you mean --json\?\)\n$/,
    ],
    ['no name', ['fire'], /^bossman: missing required argument 'name'\n$/],
    [
      'a name too many',
      ['fire', 'a', 'b'],
      /^bossman: too many arguments for 'fire'. Expected 1 argument but got 2/,
    ],
    [
      'a count of nothing',
      ['history', 'a', '--last', '0'],
      /^bossman: option '--last <count>' .*a whole number above 0/,
    ],
    [
      'slots without end',
      ['next', 'a', '--count', '10001'],
      /^bossman: option '--count <count>' .* 10001 is not an integer from 1 to 10000\.\n$/,
    ],
    [
      'a run and how many',
      ['history', 'a', '--run', '1', '--last', '5'],
      /^bossman: option '--run <number>' cannot be used with option '--last <count>'\n$/,
    ],
    [
      'a time that is none',
      ['demand', 'a', '--wait', '--timeout', 'soon'],
      /^bossman: option '--timeout <time>' .*'90s'/,
    ],
    [
      'a timeout without a wait',
      ['demand', 'a', '--timeout', '1s'],
      /^bossman: --timeout .* --wait: pass both\n$/,
    ],
    ['watch without a terminal', ['watch'], /^bossman: watch needs a terminal; with --json /],
    [
      'a URL that is none',
      ['list', '--url', 'http//:x@y'],
      /^bossman: connection: .* is not a URL like redis:/,
    ],
    [
      'a database of a cluster',
      ['list', '--cluster', '--url', `redis://${NOBODY}/3`],
      /^bossman: --cluster: a Cluster has only database 0; omit \/3 from the URL\n$/,
    ],
    [
      'a cluster at a socket',
      ['list', '--cluster', '--url', '/run/redis.sock'],
      /^bossman: --cluster needs a host and port, not the socket '\/run\/redis\.sock'\n$/,
    ],
    ['a cluster without a hash tag', ['list', '--cluster'], /^bossman: prefix: 'bossman' has no hash tag/],
  ])('%s', async (_, args, told) => {
    const { status, stdout, stderr } = await bossman(args, { REDIS_URL: `redis://${NOBODY}` });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(told);
  });

  test('no command: the help, on stderr', async () => {
    const { status, stdout, stderr } = await bossman([]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^Usage: bossman \[options\] \[command\]\n/);
  });
});

test('--help and --version need no Redis', async () => {
  const env = { REDIS_URL: `redis://${NOBODY}` };
  const { version } = require('../../package.json');
  expect(await bossman(['--version'], env)).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  const help = await bossman(['help'], env);
  expect(help).toMatchObject({ status: 0, stderr: '' });
  for (const command of ['list', 'watch', 'history', 'fleet', 'demand', 'fire', 'forget', 'doctor']) {
    expect(help.stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    const own = await bossman([command, '--help'], env);
    expect({ command, ...own }).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringContaining('--url <url>'),
    });
  }
}, 120_000);

describe('if Redis cannot be reached, one line without a password says so soon, and the status is 1:', () => {
  const SECRET = 'hunter2';

  /** All that a call may say. */
  async function expectOneLine(args: string[], env: NodeJS.ProcessEnv, told: RegExp) {
    const began = performance.now();
    const { status, stdout, stderr } = await bossman(args, env);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(told);
    expect(stderr).toMatch(/^bossman: [^\n]+\n$/);
    expect(stderr).not.toMatch(/hunter2|\bat .*:\d+:\d+/);
    // Some 5 s of them are the wait.
    expect(performance.now() - began).toBeLessThan(PATIENCE);
  }

  test.each(['list', 'watch --json', 'fleet', 'history a', 'demand a', 'fire a', 'forget a', 'doctor'])(
    '%s',
    async (command) => {
      const url = `redis://user:${SECRET}@${NOBODY}/0`;
      await expectOneLine([...command.split(' '), '--url', url], {}, /127\.0\.0\.1:1\b.*ECONNREFUSED.*--url/);
    },
  );

  test('by REDIS_URL', () =>
    expectOneLine(['list'], { REDIS_URL: `redis://:${SECRET}@${NOBODY}` }, /ECONNREFUSED/));

  test('as a Cluster', () =>
    expectOneLine(
      ['list', '--cluster', '--prefix', '{a}', '--url', `redis://:${SECRET}@${NOBODY}`],
      {},
      /127\.0\.0\.1:1\b.*ECONNREFUSED/,
    ));

  test('a host that does not exist', () =>
    expectOneLine(
      ['list', '--url', `redis://:${SECRET}@no-such-host.invalid`],
      {},
      /no-such-host\.invalid.*(ENOTFOUND|EAI_AGAIN)/,
    ));

  test('a wrong password, and none', async () => {
    const server = await startServer({ args: ['--requirepass', 'another'] });
    try {
      const url = `redis://:${SECRET}@127.0.0.1:${server.port}`;
      await expectOneLine(['list', '--url', url], {}, /WRONGPASS/);
      await expectOneLine(['doctor', '--url', server.url], {}, /NOAUTH/);
    } finally {
      await server.stop();
    }
  });

  test('a server that hangs', async () => {
    const server = await startServer();
    server.freeze();
    try {
      await expectOneLine(['list', '--url', server.url], {}, new RegExp(`127\\.0\\.0\\.1:${server.port}`));
    } finally {
      await server.stop();
    }
  });
});

describe('what is printed', () => {
  const fleet = makeFleet();
  const { cli } = cliOf(fleet);

  test('has colours on a terminal only, and none there with NO_COLOR', async () => {
    await fleet.join().hire('a', { every: '1 hour', work() {} });
    const command = `'${process.execPath}' '${MAIN}' list --url '${testUrl()}' --prefix '${fleet.prefix}'`;
    // script(1) gives it a terminal.
    const onTerminal = async (env: NodeJS.ProcessEnv) => {
      const child = spawn('script', ['-qec', command, '/dev/null'], {
        env: environment(env),
        stdio: ['pipe', 'pipe', 'inherit'],
        timeout: PATIENCE,
      });
      const [stdout] = await Promise.all([text(child.stdout), once(child, 'close')]);
      return { status: child.exitCode, stdout };
    };
    const plain = await cli('list');
    expect(plain.stdout).not.toContain('\x1b');
    expect(plain.stdout).toMatch(/^1 job, /);
    const coloured = await onTerminal({ TERM: 'xterm' });
    expect(coloured).toMatchObject({ status: 0, stdout: expect.stringContaining('\x1b[1m1 job\x1b[22m') });
    const asked = await onTerminal({ TERM: 'xterm', NO_COLOR: '1' });
    expect(asked).toMatchObject({ status: 0, stdout: expect.stringMatching(/^1 job, /) });
    expect(asked.stdout).not.toContain('\x1b');
  });

  test('may go into a pipe that closes early', async () => {
    const one = fleet.join();
    await Promise.all(
      Array.from({ length: 2000 }, (_, i) => one.hire(`job ${i}`, { every: '1 hour', work() {} })),
    );
    const call = `'${process.execPath}' '${MAIN}' list --url '${testUrl()}' --prefix '${fleet.prefix}'`;
    const child = spawn('bash', ['-c', `set -o pipefail; ${call} | head -n 1`], {
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: PATIENCE,
    });
    const [stdout, stderr] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    expect({ status: child.exitCode, stderr, stdout }).toEqual({
      status: 0,
      stderr: '',
      // Whoever stands still for longer than a roll call waits is absent from it.
      stdout: expect.stringMatching(/^2,000 jobs, [^\n]*\n$/),
    });
  });
});
