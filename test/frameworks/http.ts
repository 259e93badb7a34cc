import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { waitFor } from '../support/wait';

/** A port that nobody uses now. */
export async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `${port}`;
}

/** Sends a POST as soon as somebody listens. @returns the status */
export function post(port: string, path: string): Promise<number> {
  return waitFor(
    `POST ${path}`,
    async () => (await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST' })).status,
    { timeoutMs: 60_000, everyMs: 100 },
  );
}
