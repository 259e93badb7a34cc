import { connect as connectPlainly, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { isError, messageOf } from '../errors';
import { after, cancel } from '../time/timers';
import { type Client, type Place, placeOf } from './connection';
import { UNREADY } from './refusals';

/** ms for the whole of a probe. */
const LONGEST = 1000;
/** ms for the other side to speak first, as it does when it wants nobody. */
const SPEAKS_FIRST = 200;
/** Bytes of an answer. */
const LARGEST = 512;

/** What says no more than that there is no connection, or not why. */
const OPAQUE =
  /EPIPE|ECONNRESET|ECONNABORTED|ETIMEDOUT|Connection is closed|closed by the other side|RESP type|Protocol error|before secure TLS|Socket timeout|no answer within/;

/** What a connection of our own met. */
type Met =
  /** The first line that the other side said. */
  | { line: string }
  /** It closed without a word; `early`: before we said anything. */
  | { closed: 'early' | 'late' }
  | { failed: unknown }
  | 'silence';

/** Whether it is worth it to ask why. */
export function isOpaque(cause: unknown): boolean {
  return OPAQUE.test(messageOf(cause));
}

/**
 * Finds out why a client could not connect, where its own error does not tell: Redis may refuse a connection in a line, and
 * close it, while ioredis writes to it, and then the line is lost. This makes a connection, and listens first. Never rejects.
 *
 * @param cause what the client says
 * @param quietly a process that wants to end need not wait for it
 * @returns an Error for `explained`; null: nothing was found out
 */
export async function askWhy(client: Client, cause: unknown, quietly: boolean): Promise<Error | null> {
  try {
    const place = placeOf(client);
    return place && (await reasonAt(place, cause, quietly));
  } catch {
    // An address that no connection can be made to; the client has said so.
    return null;
  }
}

async function reasonAt(place: Place, cause: unknown, quietly: boolean): Promise<Error | null> {
  const met = await meet(place, quietly);
  if (met === 'silence' || 'failed' in met) {
    if (!place.tls) return null;
    const { tls: _, ...plain } = place;
    const met = await meet(plain, quietly);
    return typeof met === 'object' && 'line' in met && isRedis(met.line)
      ? new Error(UNREADY.withoutTls)
      : null;
  }
  if ('closed' in met) return closedReason(met.closed, place);
  return lineReason(met.line, /closed by|Connection is closed/.test(messageOf(cause)));
}

/** @param closed the client's connection was closed without a word */
function lineReason(line: string, closed: boolean): Error | null {
  if (line.startsWith('\x15\x03')) return new Error(UNREADY.withTls);
  if (line.startsWith('-')) return new Error(line.slice(1));
  if (line.startsWith('+')) {
    return closed ? new Error(UNREADY.answers) : null;
  }
  return new Error(`${UNREADY.other}: it says ${JSON.stringify(line)}`);
}

function closedReason(when: 'early' | 'late', { tls }: Place): Error | null {
  if (!tls) return new Error(UNREADY.closed);
  return when === 'early' ? new Error(UNREADY.beforeTls) : null;
}

function isRedis(line: string): boolean {
  return /^[-+]/.test(line);
}

function meet({ host, port, path, tls, family }: Place, quietly: boolean): Promise<Met> {
  return new Promise((resolve) => {
    const to = path
      ? { path }
      : { host: host ?? 'localhost', port: Number(port ?? 6379), ...(family && { family }) };
    let said = '';
    let asked = false;
    const socket: Socket = tls ? connectSecurely({ ...to, ...tls }) : connectPlainly(to);
    const end = (met: Met) => {
      for (const timer of [late, speak]) cancel(timer);
      socket.destroy();
      resolve(met);
    };
    const late = after(LONGEST, () => end(said === '' ? 'silence' : { line: firstLine(said) }));
    let speak: typeof late | null = null;
    socket.once(tls ? 'secureConnect' : 'connect', () => {
      speak = after(SPEAKS_FIRST, () => {
        asked = true;
        socket.write('PING\r\n');
      });
      if (quietly) speak.unref();
    });
    socket.on('data', (data) => {
      said += data.toString('latin1').slice(0, LARGEST - said.length);
      if (said.includes('\n') || said.length >= LARGEST || said.startsWith('\x15\x03'))
        end({ line: firstLine(said) });
    });
    socket.on('error', (failed) => end(reset(failed) ? { closed: asked ? 'late' : 'early' } : { failed }));
    socket.on('close', () =>
      end(said === '' ? { closed: asked ? 'late' : 'early' } : { line: firstLine(said) }),
    );
    if (quietly) {
      socket.unref();
      late.unref();
    }
  });
}

function reset(error: unknown): boolean {
  return isError(error) && /ECONNRESET|EPIPE|before secure TLS/.test(messageOf(error));
}

function firstLine(said: string): string {
  return said.split(/\r?\n/, 1)[0] ?? '';
}
