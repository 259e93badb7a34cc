import { GenericContainer } from 'testcontainers';

/** The Redis at REDIS_URL, or one in a container. */
export async function findRedis(): Promise<{ url: string; stop(): Promise<unknown> }> {
  const { REDIS_URL } = process.env;
  if (REDIS_URL) return { url: REDIS_URL, stop: async () => {} };
  const container = await new GenericContainer('redis:7-alpine')
    .withExposedPorts(6379)
    .start()
    .catch((cause) => {
      throw new Error(`no container (${cause.message}): start an engine, or give REDIS_URL`, { cause });
    });
  const url = `redis://${container.getHost()}:${container.getMappedPort(6379)}`;
  return { url, stop: () => container.stop() };
}
