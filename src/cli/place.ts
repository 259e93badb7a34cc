import { Cluster } from 'ioredis';
import type { Connection } from '../options';
import { readUrl } from '../redis/url';

const LOCALHOST = 'redis://localhost:6379';

/** Which Redis, and which fleet in it: the options that every command takes. */
export interface Place {
  url?: string;
  prefix: string;
  cluster?: true;
}

/** Somebody waits: an outage is told, and not waited out. */
const IMPATIENT = {
  retryStrategy: () => null,
  // A replica refuses writes only; what it says is told.
  reconnectOnError: () => false,
  // ms without an answer
  socketTimeout: 5000,
  // Without the right to INFO ioredis would print a warning. Of a server that loads its data the first command tells.
  enableReadyCheck: false,
} as const;

/**
 * `--url`, else REDIS_URL, else localhost; as a Cluster where that is said.
 *
 * @throws TypeError for what is no URL, without showing its password
 */
export function connectionTo({ url, cluster }: Place): Connection {
  const options = readUrl(url ?? (process.env.REDIS_URL || LOCALHOST));
  if (!cluster) return { ...options, ...IMPATIENT };
  const { host = 'localhost', port = 6379, username, password, tls } = options;
  const { retryStrategy, ...ofNodes } = IMPATIENT;
  // Never connected: it is the pattern of the one that is.
  return new Cluster([{ host, port }], {
    lazyConnect: true,
    clusterRetryStrategy: retryStrategy,
    // In a URL the credentials would be those of its node only.
    redisOptions: {
      ...(username && { username }),
      ...(password && { password }),
      ...(tls && { tls }),
      ...ofNodes,
    },
  });
}
