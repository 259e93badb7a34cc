import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import Bossman from '../../src';
import { makeFleet } from '../support/fleet';
import { startServer, testUrl } from '../support/redis';
import { waitFor } from '../support/wait';
import { environment, MAIN } from './cli';
import { Terminal } from './terminal';

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';

const fleet = makeFleet();
const work = () => {};

function open(columns = 100, rows = 20, env: NodeJS.ProcessEnv = {}): Terminal {
  const terminal = new Terminal(['watch', '--url', testUrl(), '--prefix', fleet.prefix], columns, rows, env);
  fleet.afterwards(() => terminal.close());
  return terminal;
}

test('on a terminal watch shows what happens, in place', async () => {
  const one = fleet.join();
  await one.hire('first', { every: '1 hour', work });
  const terminal = open();
  await terminal.shows(
    /^1 job, 0 running, 0 failing, 0 orphaned, 1 instance\n.*q quits\n\nJOB +STATE .*\nfirst +new +in \d+ min/,
  );

  await one.hire('second', {
    work() {
      throw new Error('out of ink');
    },
  });
  fleet.allowErrors(/out of ink/);
  await one.demand('second');
  await terminal.shows(
    /^2 jobs, 0 running, 1 failing,[\s\S]*\nsecond +failing .* failed: out of ink .*\nfirst /,
  );

  // One screen, taken once, and drawn over from its corner.
  expect(terminal.written.split(ENTER)).toHaveLength(2);
  expect(terminal.written).not.toContain(LEAVE);
  expect(terminal.drawn).toBeGreaterThan(1);
  expect(terminal.screen.length).toBeLessThanOrEqual(20);
});

test.each<[string, (terminal: Terminal) => void]>([
  ['q', (terminal) => terminal.press('q')],
  ['Ctrl-C', (terminal) => terminal.press('\x03')],
  ['SIGTERM', (terminal) => terminal.signal('SIGTERM')],
  ['SIGINT', (terminal) => terminal.signal('SIGINT')],
])('%s ends it, and gives the terminal back as it was', async (_, end) => {
  const terminal = open();
  await terminal.shows(/^0 jobs/);
  end(terminal);
  expect(await terminal.status()).toBe(0);
  expect(terminal.written.endsWith(LEAVE)).toBe(true);
});

test('it fits the terminal, also after a change of its size', async () => {
  const one = fleet.join();
  const names = Array.from({ length: 30 }, (_, at) => `a job whose name is long, number ${at + 10}`);
  await Promise.all(names.map((name) => one.hire(name, { every: '1 hour', work })));
  const terminal = open(120, 20, { NO_COLOR: '1' });
  await terminal.shows(
    /\na job whose name is long, number 24 .*\nand 15 more jobs; bossman list shows all\n?$/,
  );
  expect(terminal.screen.filter((line) => line !== '').length).toBeLessThanOrEqual(20);

  terminal.resize(80, 10);
  await terminal.shows(/\na job wh.*… .*\nand 25 more jobs/);
  const lines = terminal.screen.filter((line) => line.startsWith('a job'));
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});

test('reports that Redis is away, and continues when it is back', async () => {
  const server = await startServer();
  const one = new Bossman({ connection: server.url, prefix: fleet.prefix });
  one.on('error', () => {});
  const terminal = new Terminal(['watch', '--url', server.url, '--prefix', fleet.prefix], 100, 20);
  try {
    await one.hire('a', { every: '1 hour', work });
    await terminal.shows(/^1 job, .*\n.*q quits/);
    await server.kill();
    await terminal.shows(
      /^1 job, .*\nas of .*; cannot connect to Redis at 127\.0\.0\.1:\d+: .*ECONNREFUSED[\s\S]*\na /,
    );
    await server.start();
    await terminal.shows(/^1 job, .*\n.*q quits/);
    await server.kill();
    await terminal.shows(/; cannot connect to Redis at /);
    terminal.press('q');
    expect(await terminal.status()).toBe(0);
  } finally {
    await terminal.close();
    await one.quit({ timeout: 0 });
    await server.stop();
  }
});

test('watch --json prints a line for each look, until it is ended', async () => {
  await fleet.join().hire('a', { every: '1 hour', work });
  const args = [MAIN, 'watch', '--json', '--url', testUrl(), '--prefix', fleet.prefix];
  const child = spawn(process.execPath, args, { env: environment(), stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  await waitFor('three lines', () => lines.length >= 3, { timeoutMs: 30_000 });
  child.kill('SIGTERM');
  await closed;
  for (const line of lines) {
    expect(JSON.parse(line)).toMatchObject({ summary: { jobs: 1, instances: 1 }, jobs: [{ name: 'a' }] });
  }
});
