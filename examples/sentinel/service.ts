// Redis behind Sentinel: ioredis asks the sentinels for the primary, and again after a failover.
import Bossman from 'bossman';

const { SENTINELS = '127.0.0.1:26379', SENTINEL_NAME = 'mymaster' } = process.env;

const sentinels = SENTINELS.split(',').map((address) => {
  const { hostname, port } = new URL(`redis://${address}`);
  return { host: hostname, port: Number(port || 26379) };
});

const fred = new Bossman({
  // There are two passwords: `password` is Redis', `sentinelPassword` is the sentinels'.
  connection: { sentinels, name: SENTINEL_NAME },
});
fred.on('start', ({ slot }) => console.log(`slot ${slot}`));
// A failover is reported once or twice. It is over when slots run again.
fred.on('error', (error) => console.error(`${error.code}: ${error.message}`));

await fred.hire('tick', { every: '1 second', work: () => {} });
console.log('hired');

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void fred.quit());
