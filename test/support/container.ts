import { isIP } from 'node:net';
import { whenGone } from './guard';

/** What the container way starts. */
export const IMAGE = 'redis:7-alpine';

const PORT = 6379;
/** Servers in place of the image listen on loopback only, unless configured otherwise; none keeps anything on disk. */
const COMMAND = 'redis-server --bind 0.0.0.0 --protected-mode no --appendonly no --save'
  .split(' ')
  .concat('');
const FIND_ENGINE_MS = 10_000;
/** With the time that the image takes to arrive. */
const START_MS = 60_000;

/** Run by another node, with the path of testcontainers and the container's id. */
const REMOVE_CONTAINER = `
  require(process.argv[1]).getContainerRuntimeClient()
    .then(({ container }) => container.getById(process.argv[2]).remove({ force: true, v: true }));`;

/** A Redis in a container of its own. */
export interface RedisContainer {
  url: string;
  /** Removes the container. */
  stop(): Promise<void>;
}

/**
 * Starts one with the container engine that testcontainers finds: `DOCKER_HOST`, docker's sockets, or what
 * `~/.testcontainers.properties` says.
 * @throws Error if there is no engine, or if the container is not up within a minute
 * @see https://node.testcontainers.org/supported-container-runtimes/
 */
export async function startContainer(log: (line: string) => void): Promise<RedisContainer> {
  // Tests talk to loopback only; inside a container of its own, testcontainers would take the bridge's address.
  process.env.TESTCONTAINERS_HOST_OVERRIDE ??= '127.0.0.1';
  // Loaded only here, as it takes a third of a second.
  const { GenericContainer, getContainerRuntimeClient } = await import('testcontainers');
  const { info } = await within(FIND_ENGINE_MS, getContainerRuntimeClient());
  const { host } = info.containerRuntime;

  class RedisImage extends GenericContainer {
    // By default a port is published on all interfaces, past the firewall, and this Redis has no password.
    protected override async beforeContainerCreated(): Promise<void> {
      if (isIP(host)) this.hostConfig.PortBindings = { [`${PORT}/tcp`]: [{ HostIp: host, HostPort: '0' }] };
    }
  }

  log(`starting ${IMAGE} in a container for the tests`);
  const starting = new RedisImage(IMAGE).withCommand(COMMAND).withExposedPorts(PORT).start();
  const container = await within(START_MS, starting).catch((error: unknown) => {
    starting.then((late) => late.stop()).catch(() => {});
    throw error;
  });

  const hasReaper = process.env.TESTCONTAINERS_RYUK_DISABLED !== 'true';
  const callOff = hasReaper ? () => {} : removeWhenGone(container.getId());
  return {
    url: `redis://${host}:${container.getMappedPort(PORT)}/0`,
    async stop() {
      await container.stop();
      callOff();
    },
  };
}

function removeWhenGone(id: string): () => void {
  return whenGone(process.execPath, '-e', REMOVE_CONTAINER, require.resolve('testcontainers'), id);
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(reject, ms, new Error(`took more than ${ms} ms`));
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
