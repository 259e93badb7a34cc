import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

/** A server that is no Redis, or one in trouble. */
export interface Speaker {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Sends one line to each client that connects.
 *
 * @param how `first`: at once, and closes · `answer`: to all that it hears, and closes · `again`: to all that it hears
 */
export async function startSpeaker(line: string, how: 'first' | 'answer' | 'again'): Promise<Speaker> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    if (how === 'first') socket.resume().end(line);
    else socket.on('data', () => (how === 'again' ? socket.write(line) : socket.end(line)));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a listening server has a port');
  return {
    port: address.port,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
