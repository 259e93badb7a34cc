import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { messageOf } from '../errors';
import { isLoopback } from '../web/gate';
import type { Authorize } from '../web/options';
import { pagesOf } from '../web/pages';
import { Failure } from './failure';
import { Output } from './output';
import { type Asked, open } from './session';
import { quoted } from './text';
import { WebSource } from './web-source';

export interface WebFlags {
  port: number;
  host: string;
  readOnly?: true;
}

/** Serves the page that shows and controls the fleet, until the process gets a SIGINT or SIGTERM. */
export async function serveWeb(asked: Asked, { port, host, readOnly }: WebFlags): Promise<number> {
  const password = process.env.BOSSMAN_WEB_PASSWORD;
  if (!password && host !== 'localhost' && !isLoopback(host)) {
    throw new Failure(
      `--host ${host} lets other machines connect: set BOSSMAN_WEB_PASSWORD, which browsers then ask for`,
      2,
    );
  }
  const output = new Output(asked.json === true);
  const source = new WebSource(asked, await open(asked), (event) => {
    const { action, job, who } = event;
    output.say({ steered: event }, () => [
      `${action} ${quoted(job)}${who === null ? '' : ` by ${quoted(who)}`}`,
    ]);
  });
  const authorize = password ? asksFor(password) : null;
  const pages = pagesOf(source, { authorize, readOnly: readOnly === true, base: '' });
  const server = createServer(pages.handler);
  try {
    await once(server.listen(port, host), 'listening');
  } catch (error) {
    await source.close();
    throw new Failure(
      `cannot listen on ${host}:${port} (${messageOf(error)}); use --port for another port, or 0 for any free one`,
    );
  }
  const address = server.address();
  const listening = typeof address === 'object' && address ? address.port : port;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${listening}/`;
  output.say({ url }, () => [`the fleet ${quoted(asked.prefix)} is served at ${url}`]);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  pages.close();
  server.close();
  server.closeAllConnections();
  await source.close();
  return 0;
}

/** Basic authentication with any user name; each action is printed with it. */
function asksFor(password: string): Authorize {
  const challenge = 'Basic realm="bossman", charset="UTF-8"';
  return ({ headers }) => {
    const [, encoded = ''] = /^basic +([\w+/=-]+)$/i.exec(headers.get('authorization') ?? '') ?? [];
    const [, who = '', given = ''] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString()) ?? [];
    const isRight = timingSafeEqual(digest(given), digest(password));
    return isRight ? { access: 'write', ...(who && { who }) } : { access: null, challenge };
  };
}

/** Digests have equal length, as constant-time comparison requires. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
