import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildPage } from '../../src/page/build.js';
import type { Access, Action, AliveEvent, ChangedEvent, PauseRequest, ReadyEvent } from '../../src/web/api';
import { HEADERS } from '../../src/web/document';
import { eventOf } from '../../src/web/event-stream';
import type { FakeFleet, FakeJob } from './fake-fleet';

const DAY = 86_400_000;

/** As the sources are now, not as `npm run generate` left them. */
const page = buildPage();

/** What the page asked for, and what it is given. */
export interface FakeServer {
  /** Ends with a slash. */
  url: string;
  fleet: FakeFleet;
  access: Access;
  /** Why each POST is refused; null: it is not. */
  refuse: string | null;
  /** A POST is answered after this. */
  held: Promise<unknown>;
  /** What was POSTed: `pause invoices` and the body. */
  posts: { action: string; name: string; body: unknown }[];
  /** GETs of the API, without the base path. */
  gets: string[];
  /** Pushes a change to every page. */
  push(change: Partial<ChangedEvent>): void;
  /** ms between signs of life. */
  aliveMs: number;
  /** Whether Redis does not answer, as the signs of life say. */
  isStale: boolean;
  /** Cuts all connections; `up` takes new ones again. */
  down(): void;
  up(): void;
  /** Takes connections, and neither answers nor sends anything, like a process that was stopped; `thaw` answers new ones. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

/** Serves the page below `/some/base/`, over a fleet that is made up. */
export async function startFakeServer(fleet: FakeFleet): Promise<FakeServer> {
  const streams = new Set<ServerResponse>();
  let isDown = false;
  let isFrozen = false;
  const http = createServer((request, response) => {
    if (isDown) return request.socket.destroy();
    if (isFrozen) return;
    const path = request.url?.replace(/^\/some\/base\//, '') ?? '';
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const send = (type: string, body: string) => response.setHeader('content-type', type).end(body);
    if (path === '') return send('text/html; charset=utf-8', page.html);
    if (path === 'assets/page.js') return send('text/javascript', page.script);
    if (path === 'assets/page.css') return send('text/css', page.style);
    if (path === 'api/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const { aliveMs } = server;
      response.write(eventOf('ready', { now: Date.now(), aliveMs } satisfies ReadyEvent));
      streams.add(response);
      const beat = setInterval(() => {
        const alive: AliveEvent = { now: Date.now(), isStale: server.isStale };
        if (!isFrozen) response.write(eventOf('alive', alive));
      }, aliveMs);
      response.on('close', () => {
        clearInterval(beat);
        streams.delete(response);
      });
      return;
    }
    const sendJson = (value: unknown, status = 200) => {
      response.statusCode = status;
      send('application/json', JSON.stringify(value));
    };
    const [, name, action] = /^api\/jobs\/([^/?]+)(?:\/(\w+))?/.exec(path) ?? [];
    const job = name === undefined ? undefined : fleet.jobs.get(nameIn(name));
    if (name !== undefined && !job)
      return sendJson({ error: { code: 'NOT_FOUND', message: 'no such job' } }, 404);
    if (request.method === 'POST' && job && action) {
      let text = '';
      request.on('data', (chunk) => {
        text += chunk;
      });
      request.on('end', async () => {
        await server.held;
        const body = JSON.parse(text);
        if (server.refuse !== null) {
          sendJson({ error: { code: 'COMMAND', message: server.refuse } }, 503);
          return;
        }
        server.posts.push({ action, name: job.summary.name, body });
        act(job, action as Action, body);
        const message = `${action} of '${job.summary.name}' was done`;
        sendJson({ now: Date.now(), action, name: job.summary.name, message, job: job.summary });
        server.push({ jobs: [job.summary] });
      });
      return;
    }
    server.gets.push(path);
    sendJson(job ? answerFor(fleet, job, action, server.access) : answer(fleet, path, server.access));
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const server: FakeServer = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/some/base/`,
    fleet,
    access: 'write',
    refuse: null,
    held: Promise.resolve(),
    posts: [],
    gets: [],
    push(change) {
      const event = { now: Date.now(), jobs: [], gone: [], all: false, fleet: false, ...change };
      for (const stream of streams) stream.write(eventOf('changed', event satisfies ChangedEvent));
    },
    aliveMs: 8000,
    isStale: false,
    down() {
      isDown = true;
      http.closeAllConnections();
    },
    up() {
      isDown = false;
    },
    freeze() {
      isFrozen = true;
    },
    thaw() {
      isFrozen = false;
    },
    async stop() {
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    },
  };
  return server;
}

/** Undoes `segmentOf`. */
function nameIn(segment: string): string {
  return segment.startsWith('=')
    ? Buffer.from(segment.slice(1), 'base64url').toString()
    : decodeURIComponent(segment);
}

function act({ summary }: FakeJob, action: Action, body: PauseRequest): void {
  const now = Date.now();
  if (action === 'pause') {
    const until = body.until === '2 hours' ? now + 7_200_000 : null;
    summary.paused = { since: now, until, note: body.note ?? null, by: 'web' };
    summary.attention = summary.attention.filter((each) => each !== 'overdue');
  }
  if (action === 'resume') summary.paused = null;
  if (action === 'fire') Object.assign(summary, { fired: true, nextSlot: null });
  if (action === 'demand') summary.demandedSince = now;
}

function answerFor(
  fleet: FakeFleet,
  { summary, runs, coming }: FakeJob,
  of: string | undefined,
  access: Access,
) {
  const now = Date.now();
  if (of === 'history') return { now, runs };
  const next = summary.nextSlot === null ? [] : coming.slice(0, 5);
  const hiredBy = fleet.instances.filter(({ id }) => summary.hiredBy.includes(id));
  return { now, access, job: summary, next, hiredBy };
}

function answer(fleet: FakeFleet, path: string, access: Access): unknown {
  const now = Date.now();
  const jobs = [...fleet.jobs.values()];
  if (path === 'api/jobs') {
    const applications = [...new Set(fleet.instances.map(({ application }) => application))];
    const summaries = jobs.map(({ summary }) => summary);
    const instances = fleet.instances.length;
    return { now, prefix: 'bossman', applications, instances, access, who: null, jobs: summaries };
  }
  if (path === 'api/fleet') {
    const runs = jobs.flatMap((job) => job.runs.slice(0, 20));
    const shares = fleet.instances.map(({ id: by, host, pid }) => {
      const own = runs.filter((run) => run.by === by);
      return {
        by,
        host,
        pid,
        runs: own.length,
        failures: own.filter((run) => run.outcome === 'failed').length,
      };
    });
    return { now, instances: fleet.instances, shares };
  }
  const until = now + DAY;
  return {
    now,
    until,
    jobs: jobs.map(({ summary: { name, nextSlot }, coming }) => {
      const slots = nextSlot === null ? [] : coming.filter((at) => at < until);
      return { name, slots: slots.slice(0, 300), more: slots.length > 300 };
    }),
  };
}
