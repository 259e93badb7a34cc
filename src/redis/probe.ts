import { connect as connectPlainly, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { isError, messageOf } from '../errors';
import { after, cancel } from '../time/timers';
import { type Client, type Place, placeOf } from './connection';
import { UNREADY } from './refusals';

/** ms for a whole probe. */
const LONGEST = 1000;
/** ms to wait for the other side to send first, as a server that refuses the connection does. */
const SPEAKS_FIRST = 200;
/** Bytes read of an answer. */
const LARGEST = 512;

/** Errors that say only that there is no connection, but not why. */
const OPAQUE =
  /EPIPE|ECONNRESET|ECONNABORTED|ETIMEDOUT|Connection is closed|closed by the other side|RESP type|Protocol error|before secure TLS|Socket timeout|no answer within/;

/** The result of our own connection. */
type Met =
  /** The first line that the other side sent. */
  | { line: string }
  /** It closed without sending anything; `early`: before we sent anything. */
  | { closed: 'early' | 'late' }
  | { failed: unknown }
  | 'silence';

/** Whether a probe may find the reason. */
export function isOpaque(cause: unknown): boolean {
  return OPAQUE.test(messageOf(cause));
}

/**
 * Finds out why a client could not connect when its own error does not say. Redis may send a refusal and close the
 * connection while ioredis is still writing, and then ioredis loses the line. This opens another connection, and reads
 * before it writes. Never rejects.
 *
 * @param cause the client's error
 * @param quietly do not keep the process alive
 * @returns an Error for `explained`; null if no reason was found
 */
export async function askWhy(client: Client, cause: unknown, quietly: boolean): Promise<Error | null> {
  try {
    const place = placeOf(client);
    return place && (await reasonAt(place, cause, quietly));
  } catch {
    // The address is invalid; the client has reported that.
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

/** @param closed whether the client's connection was closed without an error */
function lineReason(line: string, closed: boolean): Error | null {
  if (line.startsWith('\x15\x03')) return new Error(UNREADY.withTls);
  if (line.startsWith('-')) return new Error(line.slice(1));
  if (line.startsWith('+')) {
    return closed ? new Error(UNREADY.answers) : null;
  }
  return new Error(`${UNREADY.other}: it sent ${JSON.stringify(line)}`);
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
