import { execFile } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Cluster, Redis } from 'ioredis';
import { findServerBinary, type RedisServer, startServer } from '../support/redis';
import { waitFor } from '../support/wait';

const run = promisify(execFile);

/** Votes and gossip of several processes on two busy cores. */
const SETTLED_MS = 30_000;
const SLOTS = 16_384;

export interface TlsServer {
  readonly server: RedisServer;
  /** Speaks TLS only; `server.port` does not. */
  readonly port: number;
  /** The certificate, which vouches for itself. */
  readonly ca: string;
  readonly caFile: string;
}

/** A server with a certificate for 127.0.0.1, made by the openssl on PATH. */
export async function startTlsServer(dir: string, args: string[]): Promise<TlsServer> {
  const key = join(dir, 'key.pem');
  const caFile = join(dir, 'certificate.pem');
  const subject = ['-subj', '/CN=bossman test', '-addext', 'subjectAltName=IP:127.0.0.1'];
  await run('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    key,
    '-out',
    caFile,
    ...subject,
  ]);
  const port = await freePort();
  const certificate = ['--tls-cert-file', caFile, '--tls-key-file', key, '--tls-ca-cert-file', caFile];
  const server = await startServer({
    args: ['--tls-port', `${port}`, '--tls-auth-clients', 'no', ...certificate, ...args],
  });
  return { server, port, ca: readFileSync(caFile, 'utf8'), caFile };
}

export interface SentinelGroup {
  readonly primary: RedisServer;
  readonly replica: RedisServer;
  readonly sentinels: { host: string; port: number }[];
  readonly name: string;
  stop(): Promise<void>;
}

/**
 * A primary that takes writes only while its replica is connected, that replica, and three sentinels, of which two have
 * to agree; all of them have seen one another.
 */
export async function startSentinels(dir: string): Promise<SentinelGroup> {
  const name = 'chief';
  const started: RedisServer[] = [];
  const start = async (args: string[], binary?: string) => {
    const server = await startServer(binary === undefined ? { args } : { args, binary });
    started.push(server);
    return server;
  };
  // A replica that has to start anew does not wait for more replicas to come.
  const quick = ['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1'];
  const primary = await start([...quick, '--min-replicas-to-write', '1', '--min-replicas-max-lag', '10']);
  const replica = await start([...quick, '--replicaof', `127.0.0.1 ${primary.port}`]);
  await ask(replica, async (redis) => {
    await waitFor('the replica', async () => /master_link_status:up/.test(await redis.info('replication')), {
      timeoutMs: SETTLED_MS,
    });
  });

  const binary = await sentinelBinary(dir, [
    `sentinel monitor ${name} 127.0.0.1 ${primary.port} 2`,
    `sentinel down-after-milliseconds ${name} 1000`,
    `sentinel failover-timeout ${name} 5000`,
  ]);
  const sentinels = await Promise.all([1, 2, 3].map(() => start([], binary)));
  for (const sentinel of sentinels) {
    await ask(sentinel, async (redis) => {
      const seen = async () => {
        const text = await redis.info('sentinel');
        return /status=ok,[^\n]*slaves=1,sentinels=3/.test(text);
      };
      await waitFor('the sentinels to know all', seen, { timeoutMs: SETTLED_MS });
    });
  }
  return {
    primary,
    replica,
    name,
    sentinels: sentinels.map(({ port }) => ({ host: '127.0.0.1', port })),
    stop: () => stopAll(started),
  };
}

export interface ServerCluster {
  /** The first three own the slots; then come their replicas, in the same order. */
  readonly servers: RedisServer[];
  /** A client as a caller makes it. */
  client(options?: ConstructorParameters<typeof Cluster>[1]): Cluster;
  /** The node that keeps the key. */
  ownerOf(key: string): Promise<RedisServer>;
  /** Sends a command to every node that runs. */
  onEach(command: string, ...args: string[]): Promise<void>;
  stop(): Promise<void>;
}

/** Three nodes that share the slots, and on request a replica of each. */
export async function startCluster({ replicas = false, args = [] as string[] } = {}): Promise<ServerCluster> {
  const enabled = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '3000'];
  // One that has to start anew is not held back for the time it was away.
  const quick = ['--repl-diskless-sync-delay', '0', '--cluster-replica-validity-factor', '0'];
  const servers: RedisServer[] = [];
  for (let count = replicas ? 6 : 3; count > 0; count -= 1) {
    servers.push(await startServer({ args: [...enabled, ...quick, ...args] }));
  }
  const primaries = servers.slice(0, 3);
  const [first] = primaries;
  if (!first) throw new Error('a cluster has nodes');
  for (const [index, server] of servers.entries()) {
    await ask(server, async (redis) => {
      await redis.call('CLUSTER', 'SET-CONFIG-EPOCH', `${index + 1}`);
      if (index < primaries.length)
        await redis.call('CLUSTER', 'ADDSLOTS', ...slotsOf(index, primaries.length));
      if (server !== first) await redis.call('CLUSTER', 'MEET', '127.0.0.1', `${first.port}`);
    });
  }
  await settled(servers);
  for (const [index, server] of servers.slice(3).entries()) {
    const owner = primaries[index];
    if (!owner) throw new Error('a replica has an owner');
    const id = await ask(owner, (redis) => redis.call('CLUSTER', 'MYID'));
    await ask(server, async (redis) => {
      await redis.call('CLUSTER', 'REPLICATE', String(id));
      await waitFor('a replica', async () => /master_link_status:up/.test(await redis.info('replication')), {
        timeoutMs: SETTLED_MS,
      });
    });
  }
  await settled(servers);

  return {
    servers,
    client: (options = {}) =>
      new Cluster(
        servers.map(({ port }) => ({ host: '127.0.0.1', port })),
        options,
      ),
    async ownerOf(key) {
      const slot = await ask(first, (redis) => redis.call('CLUSTER', 'KEYSLOT', key));
      const owner = primaries[Math.floor((Number(slot) * primaries.length) / SLOTS)];
      if (!owner) throw new Error(`slot ${slot} has an owner`);
      return owner;
    },
    async onEach(command, ...rest) {
      await Promise.all(servers.map((server) => ask(server, (redis) => redis.call(command, ...rest))));
    },
    stop: () => stopAll(servers),
  };
}

/** Talks to one server, past all that the clients under test do. */
export async function ask<T>({ port }: { port: number }, question: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(port);
  redis.on('error', () => {});
  try {
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}

/** Every node knows every other, and that all slots are served. */
async function settled(servers: RedisServer[]): Promise<void> {
  for (const server of servers) {
    await ask(server, async (redis) => {
      const known = async () => {
        const text = String(await redis.call('CLUSTER', 'INFO'));
        return text.includes('cluster_state:ok') && text.includes(`cluster_known_nodes:${servers.length}\r`);
      };
      await waitFor('the nodes to know one another', known, { timeoutMs: SETTLED_MS });
    });
  }
}

/** Just as `ownerOf` divides them. */
function slotsOf(index: number, owners: number): string[] {
  const slots: string[] = [];
  for (let slot = 0; slot < SLOTS; slot += 1) {
    if (Math.floor((slot * owners) / SLOTS) === index) slots.push(`${slot}`);
  }
  return slots;
}

/** What `startServer` takes for a server: a sentinel has to have a file of its own to write to. */
async function sentinelBinary(dir: string, lines: string[]): Promise<string> {
  const path = join(dir, 'sentinel');
  const quoted = lines.map((line) => `'${line}'`).join(' ');
  const server = await findServerBinary();
  writeFileSync(
    path,
    `#!/bin/sh\nprintf '%s\\n' ${quoted} > sentinel.conf\nexec ${server} sentinel.conf --sentinel "$@"\n`,
  );
  chmodSync(path, 0o700);
  return path;
}

async function stopAll(servers: RedisServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()));
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
