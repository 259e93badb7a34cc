import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { makeFleet } from '../support/fleet';
import { testUrl } from '../support/redis';
import { waitFor } from '../support/wait';

const fleet = makeFleet();

const EXAMPLES = join(__dirname, '..', '..', 'examples');
/** A process that has to compile the library first, on a busy machine. */
const START = { timeoutMs: 30_000 };

interface Example {
  lines: string[];
  errors: string[];
  /** Ends it as a supervisor would. Resolves with how it ended. */
  stop(): Promise<unknown>;
}

function start(example: string): Example {
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', join(EXAMPLES, example)], {
    env: { ...process.env, REDIS_URL: testUrl(), PREFIX: fleet.prefix, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close');
  fleet.afterwards(() => {
    child.kill('SIGKILL');
    return closed;
  });
  const [lines, errors] = [child.stdout, child.stderr].map((stream) => {
    const read: string[] = [];
    if (stream) createInterface(stream).on('line', (line) => read.push(line));
    return read;
  });
  return {
    lines: lines ?? [],
    errors: errors ?? [],
    stop: () => {
      child.kill('SIGTERM');
      return closed;
    },
  };
}

it('examples/prometheus gives the metrics of its runs to whoever scrapes it, on loopback alone', async () => {
  const example = start('prometheus/service.ts');
  const url = await waitFor('its address', () => example.lines[0], START);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
  const text = await waitFor(
    'two runs',
    async () => {
      const body = await (await fetch(url)).text();
      const runs = /^bossman_runs_total\{(.*)\} (\d+)/m.exec(body);
      return Number(runs?.[2]) >= 2 ? body : null;
    },
    { ...START, everyMs: 100 },
  );
  const sample = (name: string) => text.split('\n').find((line) => line.startsWith(name));
  expect(sample('bossman_runs_total{')).toContain('bossman_job_name="engineers"');
  expect(sample('bossman_runs_total{')).toContain('bossman_run_outcome="done"');
  expect(sample('bossman_run_duration_bucket{')).toContain('le="0.001"');
  expect(sample('bossman_run_lateness_count{')).toContain('bossman_run_trigger="slot"');
  expect((await fetch(new URL('/', url))).status).toBe(404);
  expect(await example.stop()).toEqual([0, null]);
  expect(example.errors).toEqual([]);
});

it('examples/pino logs every run as a line of JSON: what was done, and what failed and why', async () => {
  const example = start('pino/service.ts');
  const logged = () => example.lines.map((line) => JSON.parse(line));
  const find = (job: string, msg: string) => logged().find((line) => line.job === job && line.msg === msg);
  const done = await waitFor('a run', () => find('engineers', 'done'), START);
  const failed = await waitFor('a failure', () => find('clumsy', 'failed'), START);
  expect(done).toMatchObject({ level: 30, job: 'engineers', ms: expect.any(Number) });
  expect(failed).toMatchObject({ level: 50, ms: expect.any(Number), err: { message: 'dropped it' } });
  expect(failed.err.stack).toContain('service.ts');
  expect(await example.stop()).toEqual([0, null]);
  expect(logged().filter(({ msg }) => msg === 'trouble')).toEqual([]);
  expect(example.errors).toEqual([]);
});
