import { raiseCrowd } from '../../test/crowd/raise';
import { atMost } from '../goals';
import type { Measure } from '../measure';

const JOBS = 20_000;
const PROCESSES = 4;
const CRON = 'cron, one process';
const INTERVAL = 'interval, one process';
const SPREAD = `cron, spread over ${PROCESSES} processes`;
const CPU = 'CPU per run';
const TOOK = 'from the slot to the last run';
const BLOCK = 'longest block of the event loop';

export const measure: Measure = {
  name: 'crowd',
  title: `${JOBS.toLocaleString('en')} jobs that are due in the same second`,
  how: `${JOBS} jobs with one cron pattern, or one interval, that all come due together; spread: each of ${PROCESSES} processes hired its share. CPU is that of the processes, without Redis. Only this library is measured; the other measures have the peers' figures for many jobs. The first slot after the hires is not measured.`,

  async run(bench) {
    if (bench.peers(['bossman']).length === 0) return;
    const jobs = bench.quick ? JOBS / 4 : JOBS;
    for (const [inCase, plan, processes] of [
      [CRON, 'cron', 1],
      [INTERVAL, 'interval', 1],
      [SPREAD, 'cron', PROCESSES],
    ] as const) {
      bench.tell(inCase);
      await bench.clear('bossman');
      const options = {
        jobs,
        processes,
        plan,
        shared: false,
        busyMs: 0,
        everyS: 10,
        rounds: bench.quick ? 2 : 5,
      };
      const url = `redis://127.0.0.1:${bench.traffic.port}/1`;
      const rounds = await raiseCrowd({ url, prefix: 'crowd' }, options);
      const row = { case: inCase, peer: 'bossman', better: 'lower' } as const;
      for (const { cpuMs, tookMs, longestBlockMs, missing, doubled } of rounds) {
        bench.add({ ...row, quantity: CPU, unit: 'µs' }, (1000 * cpuMs) / jobs);
        bench.add({ ...row, quantity: TOOK, unit: 'ms' }, tookMs);
        bench.add({ ...row, quantity: BLOCK, unit: 'ms' }, longestBlockMs);
        bench.add({ ...row, quantity: 'lost or doubled', unit: '' }, missing + doubled);
      }
    }
  },

  goals: (rows) => [
    atMost(
      'CPU of cron jobs that are due together, to interval jobs',
      rows.p50('bossman', CPU, CRON) / rows.p50('bossman', CPU, INTERVAL),
      1,
    ),
    atMost(
      `time of ${PROCESSES} processes, to one`,
      rows.p50('bossman', TOOK, SPREAD) / rows.p50('bossman', TOOK, CRON),
      1,
    ),
    atMost('slots lost or doubled in a crowd', rows.max('bossman', 'lost or doubled', CRON), 0),
  ],
};
