import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import Bossman from '../../src';
import { bossman } from '../cli/cli';
import { makeFaultyFleet } from '../support/faults';
import { delay, waitFor } from '../support/wait';

const HELLO = /^\*(\d+)\r\n\$5\r\nhello\r\n/i;

const fleet = makeFaultyFleet();
const work = () => {};

/** A proxy in front of the fleet's server, which passes on all but HELLO. */
async function startProxy(refuse: (client: Socket) => void) {
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    connections += 1;
    const redis = connect(fleet.server.port, '127.0.0.1');
    for (const socket of [client, redis]) {
      sockets.add(socket);
      const end = () => {
        client.destroy();
        redis.destroy();
      };
      socket.on('error', end).on('close', end);
    }
    client.on('data', (data) => {
      const text = data.toString('latin1');
      const [, words] = HELLO.exec(text) ?? [];
      if (words !== undefined) refuse(client);
      // Each word is two lines; what comes behind is another command.
      const rest =
        words === undefined
          ? text
          : text
              .split('\r\n')
              .slice(1 + 2 * Number(words))
              .join('\r\n');
      if (rest !== '') redis.write(rest, 'latin1');
    });
    redis.on('data', (data) => client.write(data));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a listening server has a port');
  return {
    port: address.port,
    connections: () => connections,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

const saying = (line: string) => (client: Socket) => void client.write(`-${line}\r\n`);

describe('behind a proxy that refuses HELLO', () => {
  it.each([
    ['in words of its own', "ERR this proxy does not support 'hello'"],
    ['as a command that is not permitted', "NOPERM User app has no permissions to run the 'hello' command"],
    ['in the words of Redis', "ERR unknown command 'hello', with args beginning with: '3'"],
  ])('%s, instances are ready at once, by one connection each', async (_, line) => {
    const proxy = await startProxy(saying(line));
    try {
      const [one, other] = [fleet.join({}, { port: proxy.port }), fleet.join({}, { port: proxy.port })];
      await one.hire('tick', { every: 100, work });
      await other.demand('tick');
      await fleet.ticks('tick', 2);
      expect(proxy.connections()).toBe(4);
      expect(fleet.told.error).toEqual([]);
    } finally {
      await proxy.close();
    }
  });

  it('also where a password is needed, and for the command line', async () => {
    await fleet.redis.call('ACL', 'SETUSER', 'app', 'reset', 'on', '>secret', '~*', '&*', '+@all');
    const proxy = await startProxy(saying('ERR no such command here'));
    try {
      const fred = fleet.join({}, { port: proxy.port, username: 'app', password: 'secret', db: 2 });
      await fred.hire('tick', { every: 100, work });
      await fleet.ticks('tick', 1);
      const url = `redis://app:secret@127.0.0.1:${proxy.port}/2`;
      const doctor = await bossman(['doctor', '--json', '--url', url, '--prefix', fleet.prefix]);
      expect(JSON.parse(doctor.stdout).checks).toContainEqual(
        expect.objectContaining({ check: 'rights', status: 'ok' }),
      );
    } finally {
      await proxy.close();
    }
  });

  it('by closing the connection, one error names the option to set, and with that everything works', async () => {
    const proxy = await startProxy((client) => client.destroy());
    try {
      const hint = /\(closed by the other side, which answers PING; .* set protocol: 2 in connection\)/;
      fleet.allowErrors(/^CONNECTION/);
      const fred = fleet.join({}, { port: proxy.port });
      await waitFor('the report', () => fleet.told.error.length > 0);
      await delay(1000);
      expect(fleet.told.error).toEqual([expect.stringMatching(hint)]);
      await fred.quit();
      const other = new Bossman({ connection: { port: proxy.port, protocol: 2 }, prefix: fleet.prefix });
      await other.hire('tick', { every: 100, work });
      await other.quit();
    } finally {
      await proxy.close();
    }
  });
});

it.each([
  ['a wrong password', { password: 'wrong' }, /WRONGPASS/],
  ['no password', {}, /NOAUTH/],
])('%s is reported as such, and not as a problem of the protocol', async (_, options, message) => {
  await fleet.redis.config('SET', 'requirepass', 'secret');
  fleet.allowErrors(message);
  const fred = fleet.join({}, options);
  await waitFor('the report', () => fleet.told.error.length > 0);
  await fred.quit();
  expect(fleet.told.error.join()).not.toContain('NOPROTO');
  await fleet.redis.config('SET', 'requirepass', '');
});
