import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { Redis } from 'ioredis';
import { makeFaultyFleet } from '../support/faults';
import { startServer } from '../support/redis';
import { startSpeaker } from '../support/speaker';
import { delay, waitFor } from '../support/wait';
import { startTlsServer } from '../topologies/servers';

const fleet = makeFaultyFleet();
const work = () => {};

const told = (code: string) => fleet.told.error.filter((error) => error.startsWith(`${code}: `));

/** The one report of a connection that does not work, however often it is tried. */
async function expectTold(message: RegExp, ...others: RegExp[]): Promise<void> {
  fleet.allowErrors(message);
  // What was to be sent meanwhile may be refused as well.
  for (const other of [/^COMMAND/, ...others]) fleet.allowErrors(other);
  await waitFor('the report', () => told('CONNECTION').length > 0);
  // Long enough for many attempts.
  await delay(1500);
  expect(told('CONNECTION')).toEqual([expect.stringMatching(message)]);
}

describe('a Redis that accepts no more clients', () => {
  it('is reported as such, once, and all work continues when it ends', async () => {
    await fleet.redis.config('SET', 'maxclients', '1');
    const fred = fleet.join();
    const hired = fred.hire('tick', { every: 100, work }).catch(() => {});
    await expectTold(
      /^CONNECTION: the (command|subscriber) connection to 127\.0\.0\.1:\d+ failed \(ERR max number of clients reached; raise maxclients .*\); trying again/,
    );
    await fleet.redis.config('SET', 'maxclients', '1000');
    await hired;
    await fleet.ticks('tick', 2);
  });

  it('is named as a possibility behind TLS, where it closes connections without a message', async () => {
    const dir = mkdtempSync(joinPath(tmpdir(), 'bossman-tls-'));
    const tls = await startTlsServer(dir, ['--maxclients', '1']);
    const only = new Redis(tls.server.port);
    try {
      await only.ping();
      fleet.join({}, { host: '127.0.0.1', port: tls.port, tls: { ca: tls.ca } });
      await expectTold(
        /\(closed by the other side before the TLS handshake; Redis may have reached its maxclients/,
      );
    } finally {
      only.disconnect();
      await tls.server.stop();
      rmSync(dir, { recursive: true });
    }
  });
});

it.each<[string, string, 'first' | 'answer' | 'again', RegExp]>([
  [
    'protected mode',
    '-DENIED Redis is running in protected mode because protected mode is enabled and no password is set.\r\n',
    'first',
    /\(DENIED Redis is running in protected mode; Redis accepts connections only from its own machine: /,
  ],
  [
    'a web server',
    'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n',
    'answer',
    /\(the server there is not Redis: it sent "HTTP\/1\.1 400 Bad Request"; is it the right host /,
  ],
  [
    'an SSH server',
    'SSH-2.0-OpenSSH_9.2\r\n',
    'first',
    /\(the server there is not Redis: it sent "SSH-2\.0-OpenSSH_9\.2"; /,
  ],
  [
    'a Redis that loads its data',
    '-LOADING Redis is loading the dataset in memory\r\n',
    'again',
    /\(LOADING .*; Redis answers no commands until it has loaded its data\)/,
  ],
])('%s is reported as such, once', async (_, line, how, message) => {
  const speaker = await startSpeaker(line, how);
  try {
    fleet.join({}, { port: speaker.port });
    await expectTold(message);
  } finally {
    await speaker.close();
  }
});

it('TLS to a port without TLS, and the reverse, are reported as such', async () => {
  const dir = mkdtempSync(joinPath(tmpdir(), 'bossman-tls-'));
  const tls = await startTlsServer(dir, []);
  try {
    const plain = fleet.join({}, { port: tls.port });
    await expectTold(
      /\(closed by the other side at once; is that Redis\? If it expects TLS, use rediss:\/\/\)/,
    );
    await plain.quit();
    fleet.told.error.length = 0;
    const secure = { tls: { ca: tls.ca }, connectTimeout: 500 };
    fleet.join({}, { host: '127.0.0.1', port: tls.server.port, ...secure });
    await expectTold(/\(the Redis there does not use TLS; use redis:\/\/, without tls\)/);
  } finally {
    await tls.server.stop();
    rmSync(dir, { recursive: true });
  }
});

it('a Redis that takes seconds to load its data is reported, and all calls are carried out afterwards', async () => {
  // 200 keys of 20 ms each, when there are any.
  const server = await startServer({
    args: ['--key-load-delay', '20000', '--loading-process-events-interval-bytes', '1024'],
  });
  try {
    const redis = new Redis(server.port);
    await redis.mset(Array.from({ length: 400 }, (_, at) => (at % 2 ? 'x'.repeat(100) : `key-${at}`)));
    await redis.save();
    redis.disconnect();
    await server.kill();
    const started = server.start();
    const asked = new Redis(server.port, { enableReadyCheck: false, retryStrategy: () => 20 });
    asked.on('error', () => {});
    await waitFor('it to listen', () => asked.status === 'ready');
    asked.disconnect();
    const fred = fleet.join({}, { port: server.port });
    const hired = fred.hire('tick', { every: 100, work });
    await waitFor('the report', () => told('CONNECTION').some((error) => /LOADING/.test(error)));
    fleet.allowErrors(/\(LOADING .*; Redis answers no commands until it has loaded its data\)/);
    await started;
    await hired;
    await fleet.ticks('tick', 2);
    await fred.quit();
  } finally {
    await server.stop();
  }
});

describe('a script of another program that blocks Redis', () => {
  const BUSY = /\(BUSY .*; a script of another program blocks Redis: SCRIPT KILL ends it\); trying again/;
  let blocker: Redis;
  let blocked: Promise<unknown>;
  beforeEach(() => {
    blocker = new Redis(fleet.server.port);
  });
  afterEach(async () => {
    blocker.disconnect();
    await blocked;
  });
  const block = async () => {
    await fleet.redis.config('SET', 'lua-time-limit', '50');
    blocked = blocker.eval('while true do end', 0).catch(() => {});
    await waitFor('Redis to be busy', () =>
      fleet.redis.ping().then(
        () => false,
        () => true,
      ),
    );
  };

  it('is reported when connecting, and pending calls are carried out when it ends', async () => {
    await block();
    const fred = fleet.join();
    const hired = fred.hire('tick', { every: 100, work }).catch(() => {});
    await expectTold(BUSY);
    await fleet.redis.script('KILL');
    await hired;
    await fleet.ticks('tick', 2);
  });

  it('is reported while connected, and slots continue when it ends', async () => {
    fleet.allowErrors(BUSY);
    const fred = fleet.join();
    await fred.hire('tick', { every: 100, work });
    await fleet.ticks('tick', 2);
    await block();
    await waitFor('the report', () => told('COMMAND').some((error) => BUSY.test(error)));
    await fleet.redis.script('KILL');
    await fleet.ticks('tick', 2);
  });
});

describe('a refusal by Redis is reported with what to do about it:', () => {
  const expectRefused = async (port: number, message: RegExp, options = {}) => {
    for (const allowed of [message, /^COMMAND: look /]) fleet.allowErrors(allowed);
    const fred = fleet.join({}, { port, ...options });
    await expect(fred.hire('tick', { every: 100, work })).rejects.toMatchObject({
      message: expect.stringMatching(message),
    });
    await fred.quit();
  };

  it('a replica, also one whose primary is down', async () => {
    const port = `${fleet.server.port}`;
    for (const [args, message] of [
      [['--replicaof', `127.0.0.1 ${port}`], /READONLY .*; this is a replica: connect to its primary, /],
      [
        ['--replicaof', '127.0.0.1 1', '--replica-serve-stale-data', 'no'],
        /MASTERDOWN .*; this is a replica that has lost its primary/,
      ],
    ] as const) {
      const replica = await startServer({ args: [...args] });
      try {
        await expectRefused(replica.port, message);
      } finally {
        await replica.stop();
      }
    }
  });

  it('a disk that cannot be written to', async () => {
    const { redis, server } = fleet;
    await redis.config('SET', 'save', '1 1');
    rmSync(server.dir, { recursive: true });
    await redis.set('a', '1');
    await redis.bgsave();
    await waitFor('the failure', async () =>
      /rdb_last_bgsave_status:err/.test(await redis.info('persistence')),
    );
    await expectRefused(server.port, /MISCONF .*; Redis refuses writes while it cannot save/);
  });

  it('a primary with too few replicas', async () => {
    await fleet.redis.config('SET', 'min-replicas-to-write', '1');
    await expectRefused(
      fleet.server.port,
      /NOREPLICAS .*; Redis refuses writes while it has fewer replicas than min-replicas-to-write/,
    );
  });

  it('a Redis that lacks a command, as one before 6.2 does', async () => {
    const old = await startServer({ args: ['--rename-command', 'HMGET', ''] });
    try {
      await expectRefused(old.port, /unknown .*command.*; bossman needs Redis 6\.2 or later, or Valkey, /i);
    } finally {
      await old.stop();
    }
  });

  it('a user without a right', async () => {
    fleet.allowErrors(/^NOTIFICATIONS/);
    await fleet.redis.call('ACL', 'SETUSER', 'app', 'reset', 'on', '>x', '+@connection', '+info');
    await expectRefused(fleet.server.port, /NOPERM .*; npx bossman doctor lists the rights/, {
      username: 'app',
      password: 'x',
    });
  });

  it.each([
    [
      'a prefix without a hash tag, on a Redis that is sharded',
      true,
      /CROSSSLOT .*; .* '\{bossman\}', keeps all keys together/,
    ],
    [
      'a Cluster without all of its slots',
      false,
      /CLUSTERDOWN .*; a node of the Cluster is down, or some slots /,
    ],
  ])('%s', async (_, served, message) => {
    const server = await startServer({ args: ['--cluster-enabled', 'yes'] });
    const redis = new Redis(server.port);
    try {
      if (served) await redis.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
      const state = async () => String(await redis.call('CLUSTER', 'INFO'));
      await waitFor('the slots', async () => !served || /cluster_state:ok/.test(await state()));
      await expectRefused(server.port, message);
      if (!served) return;
      // As the message says, or by ioredis' own prefix.
      for (const [options, connection] of [
        [{ prefix: `{${fleet.prefix}}` }, {}],
        [{}, { keyPrefix: '{bossman}:' }],
      ] as const) {
        const tagged = fleet.join(options, { port: server.port, ...connection });
        await tagged.hire('tick', { every: 100, work });
        await fleet.ticks('tick', 2);
        await tagged.demand('tick');
        await waitFor('the demand', () => fleet.toldBy(tagged).finish.some(({ slot }) => slot === null));
        await tagged.quit();
      }
    } finally {
      redis.disconnect();
      await server.stop();
    }
  });
});
