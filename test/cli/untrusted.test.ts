import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { makeFleet } from '../support/fleet';
import { testUrl } from '../support/redis';
import { bossman, type Ended } from './cli';
import { cliOf } from './fleet';
import { Terminal } from './terminal';

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

/** By code point; a new line is what ends our own lines. */
const FORBIDDEN = [
  ...range(0x00, 0x09),
  ...range(0x0b, 0x1f),
  ...range(0x7f, 0x9f),
  ...[0xad, 0x61c, 0x180e],
  ...range(0x200b, 0x200f),
  ...range(0x2028, 0x202e),
  ...range(0x2060, 0x206f),
  ...[0xfeff, 0xfff9, 0xfffa, 0xfffb],
  ...range(0xe0000, 0xe007f),
];
const LONE_SURROGATE = /\p{Surrogate}/u;

/** NUL cannot be given to a process. */
const HOSTILE = `evil\n${String.fromCodePoint(...FORBIDDEN.slice(1))}`;

const fleet = makeFleet();
const { cli } = cliOf(fleet);

function expectHarmless(printed: string): void {
  const found = FORBIDDEN.filter((code) => printed.includes(String.fromCodePoint(code)));
  expect(found.map((code) => code.toString(16))).toEqual([]);
  expect(printed).not.toMatch(LONE_SURROGATE);
}

/** Whoever writes to Redis may say this of a job and its runs, and pose as an instance. */
async function startHostile(): Promise<string> {
  const text = `${HOSTILE}\0\ud800`;
  const { prefix, redis } = fleet;
  const now = Date.now();
  const run = { startedAt: now, durationMs: 1, outcome: 'failed', error: text, by: text };
  await redis.hset(`${prefix}:runs`, HOSTILE, JSON.stringify(run));
  await redis.hset(`${prefix}:runs`, 'endless', JSON.stringify({ ...run, startedAt: 1e300 }));
  await redis.hset(`${prefix}:demands`, 'demanded', `noted|${'9'.repeat(400)}||`);
  const error = { name: text, message: text, stack: `${text}\n    at ${text}` };
  const details = JSON.stringify({ ...error, cause: error, errors: [error, error], omitted: 2 });
  const theirs = JSON.stringify({ ...run, host: text, pid: 1 });
  await redis.xadd(`${prefix}:history:${HOSTILE}`, '*', 'run', theirs, 'details', details);
  await redis.zadd(`${prefix}:due`, `${now + 3_600_000}`, HOSTILE);
  const answer = {
    host: text,
    pid: 1,
    version: text,
    application: text,
    since: now,
    jobs: { [text]: [HOSTILE], 'every 5': [HOSTILE, text] },
    running: [{ job: text, since: now, slot: null, demandedAt: null, lockEndsAt: now }],
  };
  const bell = redis.duplicate();
  fleet.afterwards(async () => bell.disconnect());
  bell.on('message', (_channel: string, message: string) => {
    const [kind, , roll] = message.split(' ');
    if (kind !== 'who') return;
    // Two, as one of them is at odds with the other; and two that no instance would give.
    const other = JSON.stringify({ ...answer, jobs: { 'every 7': [HOSTILE] } });
    const [first, second, third] = ['a', 'b', 'c'].map((digit) => digit.repeat(16));
    redis.hset(`${prefix}:present:${roll}`, {
      [`${first}`]: JSON.stringify(answer),
      [`${second}`]: other,
      [`${third}`]: JSON.stringify({ ...answer, host: 7, version: {} }),
      [text]: JSON.stringify(answer),
    });
  });
  await bell.subscribe(`${prefix}:bell:0`);
  return HOSTILE;
}

describe('with hostile names, plans, errors, hosts and arguments, no invisible character is printed:', () => {
  test('by every command, for people and as JSON', async () => {
    const name = await startHostile();
    const real = fleet.join();
    await real.hire(name, { every: '1 hour', work() {} });
    for (const command of [
      ['pause', name, '--note', name.slice(0, 100)],
      ['list'],
      ['fleet'],
      ['history', name],
      ['history', name, '--run', '1'],
      ['doctor'],
      ['check'],
      ['next', name],
      ['resume', name],
      ['demand', name],
      ['forget', name],
      ['fire', name],
      ['history', `${name}?`],
    ]) {
      for (const args of [command, [...command, '--json']]) {
        const { status, stdout, stderr }: Ended = await cli(...args);
        expectHarmless(stdout + stderr);
        expect({ args, status, printed: stdout + stderr }).toMatchObject({ status: expect.any(Number) });
        expect(stdout + stderr).not.toBe('');
        // Whoever looks sees what there is, whatever else was written there.
        if (
          /^(list|fleet|history|doctor|check|next|pause|resume)$/.test(args[0] ?? '') &&
          args[1] !== `${name}?`
        )
          expect({ args, stderr }).toEqual({ args, stderr: '' });
        if (args.includes('--json') && stdout !== '') {
          expect(stdout.split('\n')).toEqual([expect.any(String), '']);
          expect(JSON.stringify(JSON.parse(stdout))).toBeTruthy();
        }
      }
    }
    const { stdout } = await cli('list', '--json');
    const { jobs }: { jobs: { name: string }[] } = JSON.parse(stdout);
    expect(jobs.map((job) => job.name)).toContain(name);
  });

  test.each([
    ['a command', [HOSTILE]],
    ['an option', ['list', `--${HOSTILE}`]],
    ['a count', ['history', 'a', '--last', HOSTILE]],
    ['a time', ['demand', 'a', '--wait', '--timeout', HOSTILE]],
    ['a URL', ['list', '--url', `redis://${HOSTILE}`]],
    ['a host', ['list', '--url', 'redis://\u202eevil.invalid']],
    ['a prefix', ['list', '--cluster', '--prefix', HOSTILE]],
    ['the number of names', ['fire', HOSTILE, HOSTILE, HOSTILE]],
  ])('when %s is wrong', async (_, args) => {
    const { status, stdout, stderr } = await bossman(args, { REDIS_URL: 'redis://127.0.0.1:1' });
    expect(status).toBeGreaterThan(0);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^bossman: /);
    expectHarmless(stderr);
  });

  test('on the screen of watch', async () => {
    await startHostile();
    const terminal = new Terminal(['watch', '--url', testUrl(), '--prefix', fleet.prefix], 300, 20);
    fleet.afterwards(() => terminal.close());
    await terminal.shows(/evil/);
    terminal.press('q');
    await terminal.status();
    expectHarmless(stripVTControlCharacters(terminal.written).replaceAll('\r', ''));
    // No colour or control of theirs among ours.
    expect(terminal.written).not.toContain('\x9b');
  });
});

test('only one module of the command line writes to stdout and stderr', () => {
  const dir = join(__dirname, '../../src/cli');
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const printing = files.filter((file) =>
    /process\s*\.\s*(stdout|stderr)|process\[|\bconsole\b|node:(process|tty|console)\b|emitWarning|writeSync/.test(
      readFileSync(join(dir, file), 'utf8'),
    ),
  );
  expect(files.length).toBeGreaterThan(15);
  expect(printing).toEqual(['output.ts']);
});

test('text that imitates our colour codes is shown as text', async () => {
  const { Output } = await import('../../src/cli/output');
  const written: string[] = [];
  const { isTTY } = process.stdout;
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  try {
    process.stdout.isTTY = true;
    const output = new Output(false);
    output.say(null, () => [output.paint.red('ours'), '\x1b[31mtheirs\x1b[39m']);
  } finally {
    process.stdout.isTTY = isTTY;
    write.mockRestore();
  }
  expect(written.join('')).toBe('\x1b[31mours\x1b[39m\n\\u001b[31mtheirs\\u001b[39m\n');
});
