import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type RedisServer, startServer } from '../support/redis';
import { waitFor } from '../support/wait';
import { EXAMPLES, exampleStarter, manifestOf } from './start';

const ROOT = join(EXAMPLES, '..');
const start = exampleStarter();

const { redis, service } = parse(readFileSync(join(EXAMPLES, 'compose', 'compose.yaml'), 'utf8')).services;
const dockerfile = readFileSync(join(EXAMPLES, 'compose', 'Dockerfile'), 'utf8');

let server: RedisServer;
beforeEach(async () => {
  const [, ...args] = redis.command.split(' ');
  server = await startServer({ args });
});
afterEach(() => server.stop());

it('the fleet of examples/compose, started without compose, runs each slot once, and ends on SIGTERM', async () => {
  const env = { ...service.environment, REDIS_URL: server.url, HOST: '127.0.0.1', PORT: '0' };
  const fleet = Array.from({ length: service.deploy.replicas }, () => start('fastify', env));
  const slots = () =>
    fleet.flatMap(({ lines }) =>
      lines.flatMap((line) => (/run started/.test(line) ? [JSON.parse(line).slot] : [])),
    );
  await waitFor('some slots', () => slots().length >= 3, { timeoutMs: 40_000 });
  for (const one of fleet) one.end();
  for (const one of fleet) expect(await one.exit).toEqual({ code: 0, stderr: '' });
  expect(new Set(slots()).size).toBe(slots().length);
});

it('its image has the files, and the command, of the Fastify service', () => {
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(?!\. )(.*) \.\/$/gm)].flatMap(([, files = '']) =>
    files.split(' '),
  );
  expect(copied).toContain('examples/fastify/service.ts');
  expect(copied.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  const [, command = '[]'] = /^CMD (.*)$/m.exec(dockerfile) ?? [];
  expect(JSON.parse(command).join(' ')).toBe(manifestOf('fastify').scripts.start);
  expect(existsSync(join(EXAMPLES, 'compose', service.build.context, service.build.dockerfile))).toBe(true);
});

it('compose gives the service more time to end than the service takes', () => {
  const source = readFileSync(join(EXAMPLES, 'fastify', 'service.ts'), 'utf8');
  const [, graceMs] = /GRACE_MS = (\d+)/.exec(source) ?? [];
  expect(Number.parseInt(service.stop_grace_period, 10) * 1000).toBeGreaterThan(Number(graceMs));
});
