import type { JobInfo } from '../../src/info';
import { makeFleet } from '../support/fleet';
import { cliOf } from './fleet';

const JOBS = 10_000;

const fleet = makeFleet();
const { cli, json } = cliOf(fleet);

test('10,000 jobs are listed quickly', async () => {
  const one = fleet.join();
  const hired = Array.from({ length: JOBS }, (_, at) =>
    one.hire(`job ${at}`, { every: '1 hour', work() {} }),
  );
  await Promise.all(hired);

  // What a process takes to start is not the command's.
  const started = performance.now();
  await cli('--version');
  const listing = performance.now();
  const { status, stdout } = await cli('list');
  const took = performance.now() - listing - (listing - started);
  expect(status).toBe(0);
  // The instance does not answer when this process stands still for longer than a roll call waits.
  expect(stdout).toMatch(/^10,000 jobs, 0 running, 0 failing, 0 orphaned, (1 instance|instances unknown)\n/);
  expect(stdout.trimEnd().split('\n')).toHaveLength(JOBS + (stdout.includes('not known') ? 4 : 3));
  // It takes a fraction of a second on a machine with nothing else to do.
  expect(took).toBeLessThan(5000);

  const { jobs } = await json<{ jobs: JobInfo[] }>('list');
  expect(new Set(jobs.map((job) => job.name)).size).toBe(JOBS);
}, 180_000);
