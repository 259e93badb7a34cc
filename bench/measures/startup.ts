import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { footprintOf } from '../footprint';
import { interleave, type Measure } from '../measure';
import { databaseOf, FLEETS, type PeerName } from '../names';

const run = promisify(execFile);

/** What a service does at its start: load the package, connect, and store one job. Each program then calls `stored`. */
const STARTS: Partial<Record<PeerName, string>> = {
  bossman: `const Bossman = require('../dist');
    new Bossman({ connection }).hire('start', { every: 3600000, work() {} }).then(stored);`,
  original: `const Bossbat = require('bossbat');
    const bossbat = new Bossbat({ connection });
    bossbat.hire('start', { every: 3600000, work() {} });
    bossbat.client.ping().then(stored);`,
  bullmq: `const { Queue, Worker } = require('bullmq');
    const queue = new Queue('start', { connection });
    new Worker('start', async () => {}, { connection });
    queue.upsertJobScheduler('start', { every: 3600000 }).then(stored);`,
  agenda: `(async () => {
      const { Agenda } = await import('agenda');
      const { RedisBackend } = await import('@agendajs/redis-backend');
      const agenda = new Agenda({ backend: new RedisBackend({ redisOptions: connection }) });
      agenda.define('start', async () => {});
      await agenda.start();
      await agenda.every(3600000, 'start', {}, { skipImmediate: true });
      stored();
    })();`,
};

export const measure: Measure = {
  name: 'startup',
  title: 'Start-up time and footprint',
  how: 'A new Node process loads the package, connects, and stores one job. CPU and memory are those of the whole process. Installed: the package with all its dependencies.',

  async run(bench) {
    const peers = bench.peers(FLEETS);
    await interleave(peers, bench.quick ? 3 : 15, async (peer) => {
      await bench.clear(peer);
      const connection = { host: '127.0.0.1', port: bench.traffic.port, db: databaseOf(peer) };
      const script = `const connection = ${JSON.stringify(connection)};
        const stored = () => {
          const { user, system } = process.cpuUsage();
          console.log(JSON.stringify([performance.now(), (user + system) / 1000, process.memoryUsage().rss / 1e6]));
          process.exit();
        };
        ${STARTS[peer]}`;
      const { stdout } = await run(process.execPath, ['-e', script], { cwd: join(__dirname, '..') });
      const [took = Number.NaN, cpu = Number.NaN, rss = Number.NaN]: number[] = JSON.parse(stdout);
      const row = { case: 'first job stored', peer, better: 'lower' } as const;
      bench.add({ ...row, quantity: 'time', unit: 'ms' }, took);
      bench.add({ ...row, quantity: 'CPU', unit: 'ms' }, cpu);
      bench.add({ ...row, quantity: 'memory (RSS)', unit: 'MB' }, rss);
    });
    for (const peer of peers) {
      const { packages, bytes } = footprintOf(peer);
      const row = { case: 'installed', peer, better: 'lower' } as const;
      bench.add({ ...row, quantity: 'packages', unit: '' }, packages);
      bench.add({ ...row, quantity: 'on disk', unit: 'MB' }, bytes / 1e6);
    }
  },
};
