import { parseArgs } from 'node:util';
import { startServer } from '../support/server';
import { raiseCrowd } from './raise';

/** Whether thousands of jobs that are due in the same second are all run, each once. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      jobs: { type: 'string', default: '20000' },
      processes: { type: 'string', default: '1' },
      shared: { type: 'boolean', default: false },
      plan: { type: 'string', default: 'cron' },
      rounds: { type: 'string', default: '10' },
      every: { type: 'string', default: '60' },
      busy: { type: 'string', default: '0' },
    },
  });
  const server = await startServer();
  let bad = 0;
  try {
    const options = {
      jobs: Number(values.jobs),
      processes: Number(values.processes),
      shared: values.shared,
      plan: values.plan === 'interval' ? 'interval' : 'cron',
      rounds: Number(values.rounds),
      everyS: Number(values.every),
      busyMs: Number(values.busy),
    } as const;
    await raiseCrowd({ url: server.url, prefix: 'crowd' }, options, (round) => {
      const { missing, doubled, tookMs, longestBlockMs, cpuMs, skips, errors } = round;
      if (missing + doubled + errors.length > 0) bad += 1;
      const times = `${tookMs} ms, longest block ${longestBlockMs.toFixed()} ms, CPU ${cpuMs.toFixed()} ms`;
      console.log(
        `missing ${missing}, doubled ${doubled}; ${times}; skips ${JSON.stringify(skips)}`,
        ...errors,
      );
    });
  } finally {
    await server.stop();
  }
  console.log(bad === 0 ? 'All jobs were run, each once.' : `${bad} rounds are not right.`);
  if (bad > 0) process.exitCode = 1;
}

void main();
