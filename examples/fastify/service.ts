// A web service and its jobs in one process. On SIGTERM, it is no longer ready, finishes its run in progress, and exits by
// itself. Start as many processes as you like: each slot runs in one of them.
import { setTimeout as sleep } from 'node:timers/promises';
import Bossman from 'bossman';
import Fastify from 'fastify';

const { REDIS_URL = 'redis://127.0.0.1:6379', HOST = '127.0.0.1', PORT = '3000' } = process.env;
const { EVERY = '10 minutes', REPORT_MS = '1000' } = process.env;

/** Less than the time that the platform allows between SIGTERM and SIGKILL: 10 s in docker, 30 s in Kubernetes. */
const GRACE_MS = 8000;

const app = Fastify({ logger: true });
const fred = new Bossman({ connection: REDIS_URL, prefix: 'shop' });
let ready = false;

fred.on('start', ({ job, slot, lateness }) => app.log.info({ job, slot, lateness }, 'run started'));
fred.on('finish', ({ job, slot, duration }) => app.log.info({ job, slot, duration }, 'run finished'));
// pino prints an `err` with its cause, which is the error of Redis or of the work.
fred.on('error', (error) => app.log.error({ err: error, job: error.job }, error.message));

app.get('/live', () => ({ live: true }));
app.get('/ready', (_request, reply) => reply.code(ready ? 200 : 503).send({ ready }));
app.post('/report', async (_request, reply) => {
  await fred.demand('report');
  return reply.code(202).send({ demanded: 'report' });
});

// Docker and Kubernetes send SIGTERM; pm2 and Ctrl-C send SIGINT.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void leave());

async function leave(): Promise<void> {
  ready = false;
  // It still answers requests, because a load balancer takes some time to notice.
  await fred.quit({ timeout: GRACE_MS });
  await app.close();
}

await app.listen({ host: HOST, port: Number(PORT) });
await fred.hire('report', {
  every: EVERY,
  // The lock lasts as long as the run, however long that takes, and expires soon after a process dies.
  keepAlive: true,
  work: ({ signal }) => sleep(Number(REPORT_MS), undefined, { signal }),
});
ready = true;
