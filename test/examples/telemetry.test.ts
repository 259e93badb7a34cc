import { makeFleet } from '../support/fleet';
import { testUrl } from '../support/redis';
import { waitFor } from '../support/wait';
import { exampleStarter } from './start';

// Its keys are those of the services.
const fleet = makeFleet();
const start = exampleStarter();
const env = () => ({ REDIS_URL: testUrl(), PREFIX: fleet.prefix, PORT: '0' });

/** A process that has to compile the library first, on a busy machine. */
const START = { timeoutMs: 30_000 };
const WELL = { code: 0, stderr: '' };

it('examples/prometheus serves the metrics of its runs, on loopback only', async () => {
  const example = start('prometheus', env());
  const [url] = await example.prints(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
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
  example.end();
  expect(await example.exit).toEqual(WELL);
});

it('examples/pino logs every run as a line of JSON: what was done, and what failed and why', async () => {
  const example = start('pino', env());
  const logged = () => example.lines.map((line) => JSON.parse(line));
  const find = (job: string, msg: string) => logged().find((line) => line.job === job && line.msg === msg);
  const done = await waitFor('a run', () => find('engineers', 'done'), START);
  const failed = await waitFor('a failure', () => find('clumsy', 'failed'), START);
  expect(done).toMatchObject({ level: 30, job: 'engineers', ms: expect.any(Number) });
  expect(failed).toMatchObject({ level: 50, ms: expect.any(Number), err: { message: 'dropped it' } });
  expect(failed.err.stack).toContain('service.ts');
  example.end();
  expect(await example.exit).toEqual(WELL);
  expect(logged().filter(({ msg }) => msg === 'trouble')).toEqual([]);
});
