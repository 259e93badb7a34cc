import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { Redis } from 'ioredis';
import type { Finding } from '../../src/cli/checks/finding';
import { type RedisServer, startServer } from '../support/redis';
import { startSpeaker } from '../support/speaker';
import { waitFor } from '../support/wait';
import { startTlsServer, type TlsServer } from '../topologies/servers';
import { bossman } from './cli';
import { parse } from './fleet';

const servers: RedisServer[] = [];

async function start(...args: string[]): Promise<RedisServer> {
  const server = await startServer({ args });
  servers.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function expectComplaint(url: string, complaint: RegExp, ...args: string[]): Promise<void> {
  for (const command of ['list', 'doctor']) {
    const { status, stdout, stderr } = await bossman([command, '--url', url, ...args]);
    expect({ command, status, stdout, stderr }).toEqual({
      command,
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(complaint),
    });
  }
}

test('a Redis that accepts no more clients is named as the reason', async () => {
  const server = await start();
  const only = new Redis(server.port);
  try {
    await only.config('SET', 'maxclients', '1');
    await expectComplaint(
      server.url,
      /^bossman: cannot connect to Redis at 127\.0\.0\.1:\d+: ERR max number of clients reached; raise maxclients .*\n$/,
    );
  } finally {
    only.disconnect();
  }
});

test.each<[string, string, 'first' | 'answer', RegExp]>([
  [
    'a web server',
    'HTTP/1.1 400 Bad Request\r\n\r\n',
    'answer',
    /: the server there is not Redis: it sent "HTTP\/1\.1 400 Bad Request"; is it the right host and port\?\n$/,
  ],
  [
    'protected mode',
    '-DENIED Redis is running in protected mode because no password is set. In this mode …\r\n',
    'first',
    /^bossman: cannot connect .*: DENIED Redis is running in protected mode.*; Redis accepts connections only from its own machine: .*\n$/,
  ],
])('%s is named as the reason', async (_, line, how, complaint) => {
  const speaker = await startSpeaker(line, how);
  try {
    await expectComplaint(`redis://127.0.0.1:${speaker.port}`, complaint);
  } finally {
    await speaker.close();
  }
});

test('a replica is reported as such', async () => {
  const { port } = await start();
  const replica = await start('--replicaof', `127.0.0.1 ${port}`);
  const { status, stderr } = await bossman(['list', '--url', replica.url]);
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: expect.stringMatching(/^bossman: READONLY .*; this is a replica: use the URL of its primary\n$/),
  });
});

test('doctor recognises a sharded Redis behind one endpoint, and names the prefix that it needs', async () => {
  const server = await start('--cluster-enabled', 'yes');
  const redis = new Redis(server.port);
  await redis.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  await waitFor('the slots', async () =>
    /cluster_state:ok/.test(String(await redis.call('CLUSTER', 'INFO'))),
  );
  redis.disconnect();
  const examine = async (...args: string[]) => {
    const ended = await bossman(['doctor', '--json', '--url', server.url, ...args]);
    const { checks } = parse<{ checks: Finding[] }>(ended);
    return { exit: ended.status, ...Object.fromEntries(checks.map((finding) => [finding.check, finding])) };
  };
  expect(await examine()).toMatchObject({
    exit: 1,
    prefix: {
      status: 'fail',
      found: expect.stringMatching(/keys of this prefix are not on one shard \(CROSSSLOT /),
      advice: "use --prefix '{bossman}', and prefix: '{bossman}' in the services",
    },
    topology: { status: 'fail' },
  });
  const tagged = await examine('--prefix', '{bossman}');
  expect(tagged).toMatchObject({ exit: 0, topology: { status: 'warn' } });
  expect(tagged).not.toHaveProperty('prefix');
});

describe('with TLS', () => {
  let dir: string;
  let tls: TlsServer;
  beforeAll(async () => {
    dir = mkdtempSync(joinPath(tmpdir(), 'bossman-tls-'));
    tls = await startTlsServer(dir, []);
  });
  afterAll(async () => {
    await tls.server.stop();
    rmSync(dir, { recursive: true });
  });
  const url = (host = '127.0.0.1') => `rediss://${host}:${tls.port}`;

  test('an untrusted certificate is named as the reason, and --ca or NODE_EXTRA_CA_CERTS fixes it', async () => {
    await expectComplaint(
      url(),
      /: self-signed certificate; it is not signed by an authority that Node trusts: .* --ca or NODE_EXTRA_CA_CERTS\n$/,
    );
    for (const [args, env] of [
      [['--ca', tls.caFile], {}],
      [[], { NODE_EXTRA_CA_CERTS: tls.caFile }],
    ] as const) {
      const { status, stderr } = await bossman(['list', '--url', url(), ...args], env);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    }
    const { status } = await bossman(['doctor', '--url', url(), '--ca', tls.caFile]);
    expect(status).toBe(0);
  });

  test('--ca goes to every node of a Cluster', async () => {
    const ofNode = mkdtempSync(joinPath(tmpdir(), 'bossman-tls-'));
    const node = await startTlsServer(ofNode, ['--cluster-enabled', 'yes', '--tls-cluster', 'yes']);
    servers.push(node.server);
    const redis = new Redis(node.server.port);
    await redis.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await redis.config('SET', 'cluster-announce-ip', '127.0.0.1');
    await waitFor('the slots', async () =>
      /cluster_state:ok/.test(String(await redis.call('CLUSTER', 'INFO'))),
    );
    redis.disconnect();
    const at = ['--cluster', '--prefix', '{a}', '--url', `rediss://127.0.0.1:${node.port}`];
    const { status, stderr } = await bossman(['list', ...at, '--ca', node.caFile]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect((await bossman(['list', ...at])).stderr).toMatch(/self-signed certificate; .* --ca or NODE_EXTRA/);
    rmSync(ofNode, { recursive: true });
  });

  test('a certificate for another name is reported as such', () =>
    expectComplaint(
      url('localhost'),
      /does not match certificate's altnames.*; use a host name that is in the certificate\n$/i,
      '--ca',
      tls.caFile,
    ));

  test('redis:// to a port with TLS, and rediss:// to one without, are reported as such', async () => {
    await expectComplaint(
      `redis://127.0.0.1:${tls.port}`,
      /: closed by the other side at once; .* rediss:\/\/\n$/,
    );
    await expectComplaint(
      `rediss://127.0.0.1:${tls.server.port}`,
      /: the Redis there does not use TLS; use redis:\/\/, without tls\n$/,
    );
  });

  test.each([
    [
      'that is not there',
      () => joinPath(dir, 'none.pem'),
      () => url(),
      /^bossman: --ca: '.*none\.pem' contains no PEM certificate \(ENOENT/,
    ],
    [
      'without a certificate',
      () => joinPath(dir, 'text.pem'),
      () => url(),
      /^bossman: --ca: '.*text\.pem' contains no PEM certificate/,
    ],
    [
      'for a URL without TLS',
      () => tls.caFile,
      () => tls.server.url,
      /^bossman: --ca is only for TLS: use a URL like rediss:/,
    ],
  ])('--ca with a file %s is refused, with and without --cluster', async (_, file, to, complaint) => {
    writeFileSync(joinPath(dir, 'text.pem'), 'no certificate');
    for (const args of [
      ['list'],
      ['doctor'],
      ['list', '--cluster', '--prefix', '{a}'],
      ['doctor', '--cluster'],
    ]) {
      const { status, stdout, stderr } = await bossman([...args, '--url', to(), '--ca', file()]);
      expect({ args, status, stdout, stderr }).toEqual({
        args,
        status: 2,
        stdout: '',
        stderr: expect.stringMatching(complaint),
      });
    }
  });
});
