import './global-setup';

/** Ends the Redis that the global setup started. */
export default async function globalTeardown(): Promise<void> {
  await globalThis.redisForTests?.stop();
}
