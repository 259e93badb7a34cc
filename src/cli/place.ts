import { Cluster } from 'ioredis';
import type { Connection } from '../options';
import { Failure } from './failure';

const LOCALHOST = 'redis://localhost:6379';

/** Which Redis, and which fleet in it: the options that every command takes. */
export interface Place {
  url?: string;
  prefix: string;
  cluster?: true;
}

interface Credentials {
  username: string;
  password: string;
  tls: object;
}

/** `--url`, else REDIS_URL, else localhost; as a Cluster where that is said. */
export function connectionTo({ url, cluster }: Place): Connection {
  const chosen = url ?? (process.env.REDIS_URL || LOCALHOST);
  return cluster ? clusterAt(chosen) : chosen;
}

/**
 * A Cluster that is never connected itself: it is the pattern of the one that is. User, password and TLS are for all
 * of its nodes, so they cannot stay in the URL, which ioredis reads for the first node only.
 */
function clusterAt(url: string): Cluster {
  const { host, port, ...redisOptions } = partsOf(url);
  return new Cluster([{ host, port }], { lazyConnect: true, redisOptions });
}

function partsOf(url: string): Partial<Credentials> & { host: string; port: number } {
  // What is refused here may be a password in the wrong place, so it is not shown.
  if (!URL.canParse(url) || !/^rediss?:\/\/./.test(url)) {
    throw new Failure('--cluster takes a URL of one of its nodes, like redis://:password@host:6379', 2);
  }
  const { protocol, hostname, port, username, password } = new URL(url);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || 6379),
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    ...(protocol === 'rediss:' && { tls: {} }),
  };
}
