// With the ioredis of other libraries in the project, also under the oldest types of Node that are supported.
import Bossman, { type BossmanError } from 'bossman';
import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis-5';

export function connections(options: RedisOptions, ofCluster: ClusterOptions): Bossman[] {
  const client: Redis = new Redis({ lazyConnect: true });
  const cluster: Cluster = new Cluster([], { ...ofCluster, lazyConnect: true });
  return [
    new Bossman({ connection: client }),
    new Bossman({ connection: client.duplicate() }),
    new Bossman({ connection: cluster, prefix: '{a}' }),
    new Bossman({ connection: options }),
    new Bossman({ connection: new URL('redis://localhost') }),
  ];
}

export function events(fred: Bossman): void {
  fred.on('start', ({ job, slot }) => {
    const told: [string, number | null] = [job, slot];
    return told;
  });
  fred.once('error', (error) => {
    const told: BossmanError = error;
    return told.code;
  });
  // @ts-expect-error: no such event
  fred.on('finnish', () => {});
  // @ts-expect-error: a listener that wants what the event does not give
  fred.on('skip', (event: { cause: Error }) => event.cause);
}
