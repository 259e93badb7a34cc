import { Redis } from 'ioredis';
import Bossman from '../src';
import { type Exit, runScript } from './support/child';
import { type RedisServer, startServer } from './support/redis';

/** Port 1 is nobody's. */
const NOBODY = 'redis://127.0.0.1:1/0';

/** Makes `fred`; `quit` prints when it has settled, and how long the process then stayed. */
const FRED = `
  const fred = new Bossman({ connection, ttl: 1000 });
  const work = () => {};
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  let asked, settled;
  const quit = (options) => {
    asked ??= performance.now();
    return fred.quit(options).then(() => {
      settled ??= performance.now();
      console.log('quit');
    });
  };
  process.on('exit', () => {
    console.log(JSON.stringify({ settled: settled - asked, stayed: performance.now() - settled }));
  });`;

let server: RedisServer;

beforeEach(async () => {
  server = await startServer();
});

afterEach(() => server.stop());

/** It exited by itself, soon after quit had settled, and has printed just these lines. */
function expectExit({ code, lines, stderr, warnings }: Exit, printed: string[]) {
  expect({ code, lines: lines.slice(0, -1) }).toEqual({ code: 0, lines: printed });
  expect(stderr).not.toMatch(/unhandled|uncaught/i);
  const { settled, stayed } = JSON.parse(lines.at(-1) ?? '{}');
  expect(settled).toBeLessThan(10_000);
  expect(stayed).toBeLessThan(2000);
  return warnings.map((warning) => warning.replace(/^\(node:\d+\) /, ''));
}

describe('quit() settles, and the process exits by itself, without output,', () => {
  it.each([
    ['in the turn of the constructor', 'quit();'],
    ['in the turn of a hire', "fred.hire('a', { every: '10 minutes', work }); quit();"],
    ['in the turn of a demand', "fred.demand('nobody hires this'); quit();"],
    ['when all is hired', "fred.hire('a', { every: 100, work }).then(() => quit());"],
    ['while it is asked about the fleet', "fred.hire('a', { work }); fred.jobs(); fred.fleet(); quit();"],
    ['from within a run', "fred.hire('a', { every: 100, work: () => void (asked || quit()) });"],
    [
      'while claims are on their way',
      "for (let i = 0; i < 100; i += 1) fred.hire('a' + i, { every: 20, work }); setTimeout(quit, 300);",
    ],
    [
      'after a job was hired for a long time and fired',
      "fred.hire('a', { every: '10 days', work }).then(() => fred.fire('a')).then(() => quit());",
    ],
  ])('%s', async (_, script) => {
    const warnings = expectExit(await runScript(FRED + script, server.url), ['quit']);
    expect(warnings).toEqual([]);
  });

  it('when called twice', async () => {
    const exit = await runScript(`${FRED} quit(); quit(); setTimeout(quit, 200);`, server.url);
    expect(expectExit(exit, ['quit', 'quit', 'quit'])).toEqual([]);
  });

  it.each(['Infinity', '2 ** 31'])('after a run, with a timeout of %s', async (timeout) => {
    const script = `
      fred.hire('a', { work: () => pause(500).then(() => console.log('worked')) });
      fred.on('start', () => quit({ timeout: ${timeout} }));
      fred.demand('a');`;
    expect(expectExit(await runScript(FRED + script, server.url), ['worked', 'quit'])).toEqual([]);
  });
});

describe('quit() settles, and the process exits by itself,', () => {
  it.each([
    ['at once', 'quit();', []],
    ['once that is reported', "process.once('warning', () => quit());", ['connection to 127.0.0.1:1 failed']],
    ['after a hire', "fred.hire('a', { every: 100, work }); quit();", ["before Redis answered: hire of 'a'"]],
  ])('where there is no Redis, %s', async (_, script, told) => {
    const warnings = expectExit(await runScript(FRED + script, NOBODY), ['quit']);
    expect(warnings).toEqual(told.map((text) => expect.stringContaining(text)));
  });

  it('while Redis hangs, from the beginning', async () => {
    server.freeze();
    const exit = await runScript(`${FRED} fred.demand('a'); setTimeout(quit, 300);`, server.url);
    const warnings = expectExit(exit, ['quit']);
    expect(warnings).toEqual([expect.stringContaining("quit before Redis answered: demand of 'a'")]);
  });

  it('while Redis hangs that answered before', async () => {
    const script = `
      fred.hire('a', { every: 100, work });
      fred.once('finish', () => {
        console.log('well');
        setTimeout(quit, 500);
      });`;
    const exit = await runScript(FRED + script, server.url, (line) => line === 'well' && server.freeze());
    expect(expectExit(exit, ['well', 'quit'])).toEqual([]);
  });

  it('on SIGTERM, after the run in progress', async () => {
    const script = `
      process.once('SIGTERM', () => quit());
      const terminated = new Promise((resolve) => process.once('SIGTERM', resolve));
      fred.hire('a', { every: 300, ttl: 60_000, work: async () => {
        console.log('working');
        await terminated;
        await pause(300);
        console.log('worked');
      } });`;
    const exit = await runScript(FRED + script, server.url, (line, child) => {
      if (line === 'working') child.kill('SIGTERM');
    });
    expect(expectExit(exit, ['working', 'worked', 'quit'])).toEqual([]);
  });
});

describe('500 calls whose promises are ignored', () => {
  const CALLS = `
    const kept = [];
    for (let i = 0; i < 500; i += 1) {
      // So long that a busy machine begins all of them before their locks end.
      fred.hire('job ' + i, { every: 60_000, ttl: 30_000, work });
      kept.push(fred.demand('job ' + i), fred.fire('job ' + i));
    }
    fred.demand('job 1');`;

  it('while there is no Redis, cause one warning, and another at the end of only a few lines', async () => {
    const script = `${FRED} ${CALLS} process.once('warning', () => setTimeout(() => quit({ timeout: 200 }), 500));`;
    const warnings = expectExit(await runScript(script, NOBODY), ['quit']);
    expect(warnings).toEqual([
      expect.stringMatching(/connection to 127.0.0.1:1 failed.*ECONNREFUSED/),
      expect.stringMatching(/quit before Redis answered: .*job 1/),
    ]);
    expect(warnings.join('').length).toBeLessThan(2000);
  });

  it('while Redis is away for a second, cause one warning, and are carried out later', async () => {
    const script = `
      fred.hire('first', { work }).then(() => console.log('connected'));
      process.once('warning', async () => {
        ${CALLS}
        console.log('called');
        await Promise.all(kept);
        console.log('done');
        quit();
      });`;
    const exit = await runScript(FRED + script, server.url, (line) => {
      if (line === 'connected') void server.kill();
      if (line === 'called') setTimeout(() => void server.start(), 500);
    });
    const warnings = expectExit(exit, ['connected', 'called', 'done', 'quit']);
    // How the outage shows first is a matter of the moment: a read, a write or a new connection that fails.
    expect(warnings).toEqual([expect.stringMatching(/failed.*(ECONNREFUSED|ECONNRESET|EPIPE)/)]);
  });

  it.each([
    ['before', 'quit();'],
    ['while', 'process.once("warning", () => quit());'],
    ['after', 'Promise.allSettled(kept).then(() => quit());'],
  ])('while Redis is out of memory, cause a few warnings if quit is called %s it answers', async (_, end) => {
    const full = await startServer({ args: ['--maxmemory', '1'] });
    try {
      const exit = await runScript(`${FRED} ${CALLS} ${end}`, full.url);
      const warnings = expectExit(exit, ['quit']);
      expect(warnings.length).toBeGreaterThan(0);
      expect(warnings.every((warning) => /OOM/.test(warning))).toBe(true);
      // One for each kind of call that was refused before quit, and one for all others.
      expect(warnings.length).toBeLessThanOrEqual(4);
    } finally {
      await full.stop();
    }
  });

  it('after quit, cause one warning for each kind of call', async () => {
    const script = `quit().then(() => { ${CALLS} });`;
    const warnings = expectExit(await runScript(FRED + script, server.url), ['quit']);
    expect(warnings).toEqual(
      ['hire', 'demand', 'fire'].map((verb) =>
        expect.stringContaining(`${verb} of 'job 0' failed: this instance has quit`),
      ),
    );
  });
});

describe('what goes wrong is reported', () => {
  it('when an instance that has quit is asked about the fleet, whether or not the promises are handled', async () => {
    const script = "quit().then(() => { fred.jobs(); fred.fleet(); fred.history('a'); });";
    const warnings = expectExit(await runScript(FRED + script, server.url), ['quit']);
    expect(warnings).toEqual(
      ['jobs', 'fleet', "history of 'a'"].map((call) =>
        expect.stringContaining(`${call} failed: this instance has quit`),
      ),
    );
  });

  it('when a retryStrategy gives up a connection', async () => {
    const script = `
      const hopeless = new Bossman({ connection: { ...connection, retryStrategy: () => null } });
      process.on('warning', ({ message }) => {
        if (/was given up/.test(message)) hopeless.quit().then(() => quit());
      });`;
    const { warnings } = await runScript(FRED + script, NOBODY);
    expect(warnings).toContainEqual(expect.stringMatching(/connection to 127.0.0.1:1 was given up/));
  });

  it('once more, if a call has succeeded since', async () => {
    const redis = new Redis(server.url);
    const fred = new Bossman({ connection: server.url });
    const told: string[] = [];
    fred.on('error', ({ code, job }) => told.push(`${code} ${job}`));
    const isFull = (full: boolean) => redis.config('SET', 'maxmemory', full ? '1' : '0');
    try {
      await isFull(true);
      await Promise.allSettled([fred.demand('a'), fred.demand('b')]);
      await isFull(false);
      await fred.demand('c');
      await isFull(true);
      await Promise.allSettled([fred.demand('c')]);
      expect(told).toEqual(['COMMAND a', 'COMMAND c']);
    } finally {
      await fred.quit();
      redis.disconnect();
    }
  });
});
