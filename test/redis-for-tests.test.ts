import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Redis } from 'ioredis';
import { answersPing } from './support/ping';
import { findServerBinary, type RedisServer, startServer } from './support/redis';
import { TYPESCRIPT } from './support/typescript';
import { waitFor } from './support/wait';

/** Prints which Redis it found, or why none. */
const FIND = `
  process.getuid = () => Number(process.env.PRETENDED_UID);
  require('./support/redis').findRedis({ log: console.log }).then(
    async ({ how, stop }) => { console.log(how); await stop(); },
    (error) => console.log(error.message),
  );`;

const START_AND_STAY = `
  require('./support/redis').startServer().then(({ port, dir }) => console.log(port, dir));
  setInterval(() => {}, 1000);`;

function run(script: string, env: NodeJS.ProcessEnv = {}) {
  return spawn(process.execPath, [...TYPESCRIPT, '-e', script], {
    cwd: __dirname,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function answers({ port }: { port: number }, timeoutMs?: number): Promise<boolean> {
  return answersPing({ host: '127.0.0.1', port }, timeoutMs);
}

describe('finding a Redis for the tests', () => {
  let binary: string;
  /** All that is on the PATH. */
  let folder: string;
  let engine: Server;
  let find: (env?: NodeJS.ProcessEnv) => Promise<string>;

  beforeAll(async () => {
    binary = await findServerBinary();
    // A container engine that has no image and gets none. It also hides a real one that the machine may have.
    engine = createServer((request, response) => {
      response.writeHead(request.url?.endsWith('/info') ? 200 : 500).end('{}');
    }).listen(0, '127.0.0.1');
    await once(engine, 'listening');
    const address = engine.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    find = (env) => {
      const bare = { BOSSMAN_TEST_REDIS: '', DOCKER_HOST: `tcp://127.0.0.1:${port}`, PATH: folder };
      return text(run(FIND, { ...bare, PRETENDED_UID: '65534', ...env }).stdout);
    };
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bossman-path-'));
  });

  afterEach(() => rmSync(folder, { recursive: true }));
  afterAll(() => engine.close());

  test('BOSSMAN_TEST_REDIS comes first, is shown without its password and left running', async () => {
    symlinkSync(binary, join(folder, basename(binary)));
    const server = await startServer({ args: ['--requirepass', 'secret'] });
    const url = server.url.replace('//', '//:secret@');
    expect(await find({ BOSSMAN_TEST_REDIS: url })).toBe(`BOSSMAN_TEST_REDIS, ${server.url}\n`);
    expect(await answers(server)).toBe(true);
    await server.stop();
  });

  test('a BOSSMAN_TEST_REDIS that does not answer is an error, whatever else there is', async () => {
    symlinkSync(binary, join(folder, basename(binary)));
    expect(await find({ BOSSMAN_TEST_REDIS: 'redis://:secret@127.0.0.1:1/0' })).toMatch(
      /^no Redis answers at redis:\/\/127.0.0.1:1\/0 \(.*ECONNREFUSED.*\): start it, or unset BOSSMAN_TEST/,
    );
  });

  test('a container comes second; an engine that cannot run it gives way to the server on PATH', async () => {
    symlinkSync(binary, join(folder, basename(binary)));
    const [tried, found] = (await find()).split('\n');
    expect(tried).toBe('starting redis:7-alpine in a container for the tests');
    expect(found).toMatch(/^(redis|valkey)-server \d+\.\d+\.\d+ from PATH, port \d+$/);
  });

  test('without a server on PATH, root has apt-get install one', async () => {
    const apt = `#!/bin/sh\ncase "$*" in *' install '*) /bin/ln -s ${binary} ${folder}/redis-server;; esac\n`;
    writeFileSync(join(folder, 'apt-get'), apt, { mode: 0o755 });
    expect(await find({ PRETENDED_UID: '0' })).toMatch(
      /apt-get installs redis-server for the tests\nredis-server \S+ installed by apt-get, port \d+\n$/,
    );
  });

  test('if all fail, the error names the four ways and what is wrong with each', async () => {
    const lines = (await find()).split('\n').slice(1);
    expect(lines).toEqual([
      'no Redis for the tests; the ways to one, in order:',
      '  1. BOSSMAN_TEST_REDIS: not set',
      expect.stringMatching(/^ {2}2\. redis:7-alpine in a container: \(HTTP code 500\)/),
      `  3. redis-server or valkey-server on PATH: there is none in ${folder}`,
      '  4. apt-get install redis-server: this takes root',
      '',
    ]);
  });
});

describe('a server of its own', () => {
  let server: RedisServer;

  afterEach(() => server.stop());

  test('comes back on its port, with what it saved when it was shut down', async () => {
    server = await startServer({ args: ['--save', '3600 1'] });
    const redis = new Redis(server.url);
    await redis.set('kept', 'yes');
    await server.shutdown();
    await server.start();
    expect(await redis.get('kept')).toBe('yes');
    await redis.set('kept', 'no longer');
    await server.kill();
    await server.start();
    expect(await redis.get('kept')).toBe('yes');
    redis.disconnect();
  });

  test('does not answer while it is frozen', async () => {
    server = await startServer();
    server.freeze();
    expect(await answers(server, 200)).toBe(false);
    server.thaw();
    expect(await answers(server)).toBe(true);
  });

  test('that cannot start shows what the server said', async () => {
    server = await startServer();
    await expect(startServer({ port: server.port })).rejects.toThrow('Address already in use');
    await expect(startServer({ args: ['--no-such-option', 'x'] })).rejects.toThrow('no-such-option');
  });

  test('leaves neither process nor folder behind, even if its owner is killed', async () => {
    server = await startServer();
    const owner = run(START_AND_STAY);
    const [line] = await once(owner.stdout, 'data');
    const [port, dir = ''] = String(line).trim().split(' ');
    const orphan = { port: Number(port) };
    expect([await answers(orphan), existsSync(dir)]).toEqual([true, true]);
    owner.kill('SIGKILL');
    await waitFor('the orphan to go', async () => !(await answers(orphan)) && !existsSync(dir));
    expect(await answers(server)).toBe(true);
    await server.stop();
    expect([await answers(server), existsSync(server.dir)]).toEqual([false, false]);
  });
});
