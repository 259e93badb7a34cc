import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { Cluster, type RedisOptions } from 'ioredis';
import { messageOf, shown } from '../errors';
import type { Connection } from '../options';
import { readUrl } from '../redis/url';
import { Failure } from './failure';

const LOCALHOST = 'redis://localhost:6379';

/** Which Redis, and which fleet in it: the options that every command takes. */
export interface Place {
  url?: string;
  prefix: string;
  cluster?: true;
  /** A PEM file with certificates that are trusted besides those that Node trusts. */
  ca?: string;
}

/** A user is waiting, so an outage is reported instead of waited out. */
const IMPATIENT = {
  retryStrategy: () => null,
  // A replica only refuses writes; its error is reported.
  reconnectOnError: () => false,
  // ms to wait for an answer
  socketTimeout: 5000,
  // Without permission for INFO, ioredis would print a warning. The first command reports a server that is loading its
  // data.
  enableReadyCheck: false,
} as const;

/**
 * `--url`, else REDIS_URL, else localhost; as a Cluster if requested.
 *
 * @throws TypeError for an invalid URL, without showing its password
 * @throws Failure for an unusable `--ca`
 */
export function connectionTo({ url, cluster, ca }: Place): Connection {
  const options = readUrl(url ?? (process.env.REDIS_URL || LOCALHOST));
  if (ca !== undefined) options.tls = trusting(ca, options.tls);
  if (!cluster) return { ...options, ...IMPATIENT };
  const { host = 'localhost', port = 6379, path, db, replyMapping: _, ...ofUrl } = options;
  if (path) throw new Failure(`--cluster needs a host and port, not the socket ${shown(path)}`, 2);
  if (db) throw new Failure(`--cluster: a Cluster has only database 0; omit /${db} from the URL`, 2);
  const { retryStrategy, ...ofNodes } = IMPATIENT;
  // Never connected: it is only the template for the real one.
  return new Cluster([{ host, port }], {
    lazyConnect: true,
    clusterRetryStrategy: retryStrategy,
    // A URL's credentials would apply only to its own node.
    redisOptions: { ...ofUrl, ...ofNodes },
  });
}

function trusting(file: string, tls: RedisOptions['tls']): NonNullable<RedisOptions['tls']> {
  if (!tls) throw new Failure('--ca is only for TLS: use a URL like rediss://host:port', 2);
  return { ...tls, ca: [...rootCertificates, certificatesIn(file)] };
}

function certificatesIn(file: string): string {
  try {
    const text = readFileSync(file, 'utf8');
    // It reads the first of several certificates, and fails for any other file.
    new X509Certificate(text);
    return text;
  } catch (error) {
    throw new Failure(`--ca: ${shown(file)} contains no PEM certificate (${messageOf(error)})`, 2);
  }
}
