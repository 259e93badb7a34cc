// A Redis Cluster. All keys of a fleet must be in the same hash slot, so the prefix is a hash tag.
import Bossman from 'bossman';
import { Cluster } from 'ioredis';

const { CLUSTER_NODES = '127.0.0.1:7000' } = process.env;

const nodes = CLUSTER_NODES.split(',').map((address) => {
  const { hostname, port } = new URL(`redis://${address}`);
  return { host: hostname, port: Number(port || 6379) };
});

// Bossman duplicates this client and does not use it itself. If your service uses it, too, it need not be lazy.
const cluster = new Cluster(nodes, { lazyConnect: true });

const fred = new Bossman({ connection: cluster, prefix: '{bossman}' });
fred.on('start', ({ slot }) => console.log(`slot ${slot}`));
fred.on('error', (error) => console.error(`${error.code}: ${error.message}`));

await fred.hire('tick', { every: '1 second', work: () => {} });
console.log('hired');

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void fred.quit());
