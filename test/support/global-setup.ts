import { type FoundRedis, findRedis } from './redis';

declare global {
  /** Kept by the global setup for the global teardown. */
  var redisForTests: FoundRedis | undefined;
}

/** Finds one Redis for all test files, which read its address with `testUrl`. */
export default async function globalSetup(): Promise<void> {
  const redis = await findRedis({ log: console.log });
  console.log(`Redis for the tests: ${redis.how}`);
  process.env.BOSSMAN_TEST_REDIS_FOUND = redis.url;
  globalThis.redisForTests = redis;
}
