import { Redis } from 'ioredis';
import { describeBinary, waysToBinary } from './binary';
import { IMAGE, startContainer } from './container';
import { startServer } from './server';
import { firstOpen, type Way } from './ways';

export { findServerBinary } from './binary';
export { type RedisServer, startServer } from './server';

const PING_MS = 5_000;

/** A Redis to talk to. */
export interface FoundRedis {
  /** `redis://127.0.0.1:PORT/0`, or what `BOSSMAN_TEST_REDIS` says. */
  url: string;
  /** One line that says which way was taken. No password is in it. */
  how: string;
  /** Ends it, if it was started here. */
  stop(): Promise<void>;
}

/**
 * Finds a Redis, in this order: `BOSSMAN_TEST_REDIS`; a container; redis-server or valkey-server on PATH;
 * as root on Debian, the same after `apt-get install redis-server`. Each call finds anew.
 * @param options `log` is called before something that may take a while
 * @throws Error if `BOSSMAN_TEST_REDIS` is set but no Redis answers there: a run on another server would
 * prove the wrong thing
 * @throws AggregateError that says of each way why it is not open
 */
export async function findRedis(options: { log?: (line: string) => void } = {}): Promise<FoundRedis> {
  const log = options.log ?? (() => {});
  const given = process.env.BOSSMAN_TEST_REDIS;
  if (given) return redisAt(given);
  const [onPath, byApt] = waysToBinary(log);
  return firstOpen('Redis for the tests', [
    { name: 'BOSSMAN_TEST_REDIS', take: () => Promise.reject(new Error('not set')) },
    { name: `${IMAGE} in a container`, take: () => redisInContainer(log) },
    serverBy(onPath, 'from PATH'),
    serverBy(byApt, 'installed by apt-get'),
  ]);
}

/**
 * The Redis that jest's global setup found. All test files share it: each uses a prefix of its own.
 * @throws Error outside of jest
 */
export function testUrl(): string {
  const url = process.env.BOSSMAN_TEST_REDIS_FOUND;
  if (!url) throw new Error('no Redis was found: run the tests with jest, whose global setup finds one');
  return url;
}

async function redisAt(url: string): Promise<FoundRedis> {
  if (!/^rediss?:\/\//.test(url) || !URL.canParse(url)) {
    throw new Error('BOSSMAN_TEST_REDIS is to be a URL like redis://127.0.0.1:6379/0');
  }
  const shown = new URL(url);
  shown.password = '';
  // ioredis takes options from the query, a password among them.
  shown.search = '';
  try {
    await ping(url);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const advice = 'start it, or unset BOSSMAN_TEST_REDIS to have one found';
    throw new Error(`no Redis answers at ${shown.href} (${why}): ${advice}`, { cause });
  }
  return { url, how: `BOSSMAN_TEST_REDIS, ${shown.href}`, stop: async () => {} };
}

async function redisInContainer(log: (line: string) => void): Promise<FoundRedis> {
  const { url, stop } = await startContainer(log);
  try {
    await ping(url);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, how: `${IMAGE} in a container, ${new URL(url).host}`, stop };
}

function serverBy({ name, take }: Way<string>, origin: string): Way<FoundRedis> {
  return {
    name,
    async take() {
      const binary = await take();
      const version = await describeBinary(binary);
      const server = await startServer({ binary });
      return { url: server.url, how: `${version} ${origin}, port ${server.port}`, stop: () => server.stop() };
    },
  };
}

async function ping(url: string): Promise<void> {
  const limits = { connectTimeout: PING_MS, commandTimeout: PING_MS, retryStrategy: () => null };
  const redis = new Redis(url, { ...limits, lazyConnect: true });
  // `connect` itself rejects with "Connection is closed."; the reason comes as an event.
  let reason: unknown;
  redis.on('error', (error) => {
    reason = error;
  });
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    throw reason ?? error;
  } finally {
    // To disconnect what has ended would leave a timer of 2 s.
    if (redis.status !== 'end') redis.disconnect();
  }
}
