import { createHash } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { scripts } from '../../src/scripts/generated';

export type Verb = keyof typeof scripts;

/** Where a connection is cut: the command never reaches Redis, or it does and its reply reaches nobody. */
export type Cut = 'command' | 'reply';

/** A TCP proxy in front of a Redis, which cuts connections at a script. */
export interface CuttingProxy {
  readonly port: number;
  /** Cuts the next connection that carries this script. Resolves when it has. */
  cutAt(verb: Verb, cut: Cut): Promise<void>;
  /**
   * Holds back all that Redis says on the next connection that carries this text.
   * @returns when it has passed; lets all of it through, in one piece
   */
  holdAt(text: string): Promise<() => void>;
  /** Replaces what matches in all that Redis says from now on; the pattern must not reach across two replies. */
  rewrite(pattern: RegExp, to: string): void;
  /** Cuts all connections that go through it now. */
  cutAll(): void;
  close(): Promise<void>;
}

interface Trap {
  marks: string[];
  cut: Cut;
  sprung: () => void;
}

/** A script travels as its text the first time, and then as its SHA-1. */
function marksOf(verb: Verb): string[] {
  const text = scripts[verb];
  return [createHash('sha1').update(text).digest('hex'), text.slice(-200)];
}

/** @param target the port of the Redis behind it, on loopback */
export async function startProxy(target: number): Promise<CuttingProxy> {
  const pairs = new Set<[Socket, Socket]>();
  let trap: Trap | null = null;
  let rewriting: { pattern: RegExp; to: string } | null = null;
  let hold: { text: string; held: (release: () => void) => void } | null = null;

  const server: Server = createServer((client) => {
    const redis = connect(target, '127.0.0.1');
    const pair: [Socket, Socket] = [client, redis];
    pairs.add(pair);
    let mute = false;
    let kept: Buffer[] | null = null;
    const end = () => {
      client.destroy();
      redis.destroy();
      pairs.delete(pair);
    };
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('close', end);
    }
    client.on('data', (data) => {
      const text = trap ? data.toString('latin1') : '';
      if (trap?.marks.some((mark) => text.includes(mark))) {
        const { cut, sprung } = trap;
        trap = null;
        if (cut === 'command') {
          end();
          sprung();
          return;
        }
        mute = true;
        redis.once('data', () => {
          end();
          sprung();
        });
      }
      if (hold && data.includes(hold.text)) {
        kept = [];
        hold.held(() => {
          client.write(Buffer.concat(kept ?? []));
          kept = null;
        });
        hold = null;
      }
      redis.write(data);
    });
    redis.on('data', (data) => {
      if (kept) kept.push(data);
      else if (mute) return;
      else if (!rewriting) client.write(data);
      else client.write(data.toString('latin1').replace(rewriting.pattern, rewriting.to), 'latin1');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');

  const cutAll = () => {
    for (const sockets of pairs) for (const socket of sockets) socket.destroy();
  };
  return {
    port: address.port,
    cutAt: (verb, cut) =>
      new Promise((sprung) => {
        trap = { marks: marksOf(verb), cut, sprung };
      }),
    holdAt: (text) =>
      new Promise((held) => {
        hold = { text, held };
      }),
    rewrite: (pattern, to) => {
      rewriting = { pattern, to };
    },
    cutAll,
    close: () => {
      cutAll();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
