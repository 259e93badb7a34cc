import { rmSync } from 'node:fs';
import './global-setup';

/** Ends the Redis that the global setup started, and removes its folder. */
export default async function globalTeardown(): Promise<void> {
  await globalThis.redisForTests?.stop();
  const folder = process.env.BOSSMAN_TEST_FOLDER;
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}
