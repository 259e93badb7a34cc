import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileAll } from './compiled.cjs';
import { type FoundRedis, findRedis } from './redis';

declare global {
  /** Kept by the global setup for the global teardown. */
  var redisForTests: FoundRedis | undefined;
}

/** Finds one Redis for all test files, which read its address with `testUrl`, and makes a folder for them. */
export default async function globalSetup(): Promise<void> {
  const [redis] = await Promise.all([findRedis({ log: console.log }), compileAll()]);
  console.log(`Redis for the tests: ${redis.how}`);
  process.env.BOSSMAN_TEST_REDIS_FOUND = redis.url;
  globalThis.redisForTests = redis;
  // For what is made once and used by many test files.
  process.env.BOSSMAN_TEST_FOLDER = mkdtempSync(join(tmpdir(), 'bossman-tests-'));
}
