import type { Redis } from 'ioredis';
import { setImmediate } from '../time/timers';
import { turns } from '../time/turns';

/** Bytes. A shorter chunk has emptied the socket. TLS delivers at most this much at a time; TCP delivers more. */
const FULL = 16_384;

/**
 * Makes a client read its socket in slices. Otherwise Node reads up to 2 MB in one turn of the event loop, which takes
 * ioredis about 100 ms to parse; thousands of triggers that expire in the same second produce that much.
 */
export function readInTurns(client: Redis): void {
  client.on('connect', () => {
    const { stream } = client;
    // Doubles of a client for tests have none.
    stream?.on('data', ({ length }: Buffer | string) => {
      if (length < FULL || turns.hasTime()) return;
      stream.pause();
      setImmediate(() => stream.resume());
    });
  });
}
