import { once } from 'node:events';
import { createServer, type RequestListener, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type Bossman from '../../src';
import { type WebOptions, type WebPages, web } from '../../src/web';
import type { TestFleet } from '../support/fleet';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: the answers of an HTTP API, of which each test looks at a part
  json: any;
}

export interface Asked {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** A server on this machine, until the test is over. */
export async function serve(fleet: TestFleet, listener: RequestListener): Promise<RunningSite> {
  const server = createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  fleet.afterwards(async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  });
  return new RunningSite((server.address() as AddressInfo).port);
}

/** The pages of an instance on a server of their own. */
export async function serveWeb(
  fleet: TestFleet,
  fred: Bossman,
  options: WebOptions = {},
): Promise<{ site: RunningSite; pages: WebPages }> {
  const pages = web(fred, options);
  return { site: await serve(fleet, pages.handler), pages };
}

/** A server, as something other than a browser asks it: with any headers, and a path as it is. */
export class RunningSite {
  constructor(readonly port: number) {}

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.ask(path, { headers });
  }

  /** As the page does. */
  async post(path: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return this.ask(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  async ask(path: string, { method = 'GET', headers = {}, body }: Asked): Promise<Answer> {
    const sent = request({ host: '127.0.0.1', port: this.port, path, method, headers });
    sent.end(body);
    const [response] = await once(sent, 'response');
    const answer = await text(response);
    const isJson = String(response.headers['content-type']).startsWith('application/json');
    return {
      status: response.statusCode,
      headers: response.headers,
      text: answer,
      json: isJson ? JSON.parse(answer) : null,
    };
  }

  /** Listens to the server-sent events. */
  async listen(headers: Record<string, string> = {}): Promise<Events> {
    const sent = request({ host: '127.0.0.1', port: this.port, path: '/api/events', headers });
    sent.end();
    const [response] = await once(sent, 'response');
    return new Events(response, () => sent.destroy());
  }
}

export class Events {
  // biome-ignore lint/suspicious/noExplicitAny: see Answer
  readonly heard: { event: string; data: any }[] = [];
  hasEnded = false;
  private rest = '';

  constructor(
    response: NodeJS.ReadableStream,
    readonly leave: () => void,
  ) {
    response.on('error', () => {});
    response.on('close', () => {
      this.hasEnded = true;
    });
    response.on('data', (chunk: Buffer) => {
      const parts = (this.rest + chunk.toString()).split('\n\n');
      this.rest = parts.pop() ?? '';
      for (const part of parts) {
        const [, event = '', data = ''] = /^event: (.*)\ndata: (.*)$/.exec(part) ?? [];
        if (event !== '') this.heard.push({ event, data: JSON.parse(data) });
      }
    });
  }

  /** All jobs that were reported as changed, each in its last reported state. */
  get jobs(): Map<string, { paused: unknown; runs: number; nextSlot: number | null }> {
    const all = this.heard.filter(({ event }) => event === 'changed').flatMap(({ data }) => data.jobs);
    return new Map(all.map((job) => [job.name, job]));
  }
}
