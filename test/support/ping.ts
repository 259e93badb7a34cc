import { connect, type NetConnectOpts } from 'node:net';

/**
 * Whether a server answers a PING within `timeoutMs`, 10 000 by default.
 * Whatever it says but LOADING shows that it serves: NOAUTH, too, is an answer.
 * @see https://redis.io/docs/latest/develop/reference/protocol-spec/#inline-commands
 */
export function answersPing(target: NetConnectOpts, timeoutMs = 10_000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(target, () => socket.write('PING\r\n'));
    const timer = setTimeout(() => socket.destroy(), timeoutMs);
    socket.once('data', (reply) => {
      resolve(!reply.toString().startsWith('-LOADING'));
      socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(false);
    });
  });
}
