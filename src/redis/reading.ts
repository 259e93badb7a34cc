import type { Redis } from 'ioredis';
import { setImmediate } from '../time/timers';
import { turns } from '../time/turns';

/** Bytes. A chunk that is shorter has emptied the socket; this is what TLS hands on at a time, and TCP hands on more. */
const FULL = 16_384;

/**
 * Has a client read what has arrived in slices. Otherwise node reads up to 2 MB in one turn of the event loop, and ioredis
 * takes some 100 ms to parse that: thousands of triggers that expire in the same second are as much.
 */
export function readInTurns(client: Redis): void {
  client.on('connect', () => {
    const { stream } = client;
    stream.on('data', ({ length }: Buffer | string) => {
      if (length < FULL || turns.hasTime()) return;
      stream.pause();
      setImmediate(() => stream.resume());
    });
  });
}
