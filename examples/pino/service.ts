// A service that logs its runs with pino, as lines of JSON.
import Bossman from 'bossman';
import pino from 'pino';

const { REDIS_URL = 'redis://127.0.0.1:6379', PREFIX = 'bossman-pino' } = process.env;

const log = pino();
const fred = new Bossman({ connection: REDIS_URL, prefix: PREFIX });

fred.qa(async (job, _definition, next) => {
  const began = performance.now();
  const ms = () => Math.round(performance.now() - began);
  try {
    await next();
    log.info({ job, ms: ms() }, 'done');
  } catch (err) {
    log.error({ job, ms: ms(), err }, 'failed');
    throw err;
  }
});

// The QA has logged the failures of work; all other errors are logged here.
fred.on('error', (err) => err.code === 'WORK_FAILED' || log.error({ job: err.job, err }, 'trouble'));
fred.on('skip', ({ job, slot, why }) => log.warn({ job, slot, why }, 'skipped'));
fred.on('lost', ({ job, slot, why }) => log.warn({ job, slot, why }, 'lost its lock'));

fred.hire('engineers', { every: '1 second', work: () => {} });
fred.hire('clumsy', {
  every: '1 second',
  work: () => {
    throw new Error('dropped it');
  },
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void fred.quit());
