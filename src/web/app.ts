import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { BossmanError, messageOf } from '../errors';
import { visible } from '../telling/visible';
import { after, cancel, type Timer } from '../time/timers';
import { slotsAfter, slotsAhead } from './ahead';
import type {
  AheadReply,
  ErrorReply,
  FleetReply,
  HistoryReply,
  JobReply,
  JobSummary,
  JobsReply,
} from './api';
import { objectIn } from './body';
import { documentAt, HEADERS, IMMUTABLE, typeOf } from './document';
import { eventStream } from './event-stream';
import type { Asking, Gate, Viewer } from './gate';
import { ASSETS } from './generated';
import { type Context, Hono } from './hono';
import { ANSWER_WITHIN, type Live, MOST_TABS } from './live';
import { nameIn } from './paths';
import { Refusal } from './refusal';
import { type Source, webError } from './source';
import { isAction, Steering } from './steering';

/** What is known about a request besides the `Request` itself. */
export interface Brought extends Omit<Asking, 'request'> {
  /** The path that the browser requested, as far as it is known. */
  path: string;
  /** Our route for that path: see `routeIn`. */
  route: string;
  /** The body if a framework has parsed it, else undefined. */
  parsed: unknown;
}

interface Environment {
  Bindings: Brought;
  Variables: { viewer: Viewer };
}

type Here = Context<Environment>;

/** The default and the maximum number of runs in a history. */
const LAST = { standard: 100, most: 1000 };
const COMING = 5;

const compress = promisify(gzip);

/** Answers every request: the page, its files, and the API. */
export function makeApp(source: Source, gate: Gate, live: Live): Hono<Environment> {
  const steering = new Steering(source, live);
  const files = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();
  const app = new Hono<Environment>({
    // The router ignores a slash at the end, which none of our routes has; two match nothing.
    getPath: (_, env) => (env?.env?.route ?? '/').replace(/(.)\/$/, '$1//'),
  });

  app.use(async (c, next) => {
    await next();
    // Refusals get these headers, too.
    for (const [name, value] of Object.entries(HEADERS)) if (!c.res.headers.has(name)) c.header(name, value);
  });
  app.use(async (c, next) => {
    c.set(
      'viewer',
      await gate.admit({ request: c.req.raw, original: c.env.original, address: c.env.address }),
    );
    await next();
  });

  app.get('/', (c) => c.html(documentAt(c.env.path)));

  app.get('/assets/:name', async (c) => {
    const name = c.req.param('name');
    const text = Object.hasOwn(ASSETS, name) ? ASSETS[name] : undefined;
    if (text === undefined) return notFound();
    const headers = { 'content-type': typeOf(name), 'cache-control': IMMUTABLE, vary: 'accept-encoding' };
    if (!/\bgzip\b/.test(c.req.header('accept-encoding') ?? '')) return c.body(text, 200, headers);
    const packed = files.get(name) ?? compress(text).then((bytes) => new Uint8Array(bytes));
    files.set(name, packed);
    return c.body(await packed, 200, { ...headers, 'content-encoding': 'gzip' });
  });

  app.get('/api/jobs', async (c) => {
    const { now, jobs, instances } = await inTime(live.fresh());
    const named = instances.flatMap(({ application }) => application ?? []);
    const { access, who } = c.get('viewer');
    return c.json<JobsReply>({
      now,
      prefix: source.prefix,
      applications: [...new Set(named)].sort(),
      instances: instances.length,
      access,
      who,
      jobs,
    });
  });

  app.get('/api/jobs/:name', async (c) => {
    const picture = await inTime(live.withJob(nameOf(c)));
    const job = jobIn(picture, nameOf(c));
    const { plan, nextSlot } = job;
    const isPlanned = plan !== null && nextSlot !== null;
    const hirers = new Set(job.hiredBy);
    return c.json<JobReply>({
      now: picture.now,
      access: c.get('viewer').access,
      job,
      next: isPlanned ? slotsAfter(plan, nextSlot, picture.now, COMING) : [],
      hiredBy: picture.instances
        .filter(({ id }) => hirers.has(id))
        .map(({ id, host, pid, application }) => ({ id, host, pid, application })),
    });
  });

  app.get('/api/jobs/:name/history', async (c) => {
    const last = lastIn(c.req.query('last'));
    const name = nameOf(c);
    jobIn(await inTime(live.withJob(name)), name);
    const runs = await inTime(source.history(name, last));
    return c.json<HistoryReply>({ now: (await live.fresh()).now, runs });
  });

  app.get('/api/fleet', async (c) => {
    const { now, instances } = await inTime(live.fresh());
    return c.json<FleetReply>({ now, instances, shares: live.shares() });
  });

  app.get('/api/ahead', async (c) => {
    const { now, jobs } = await inTime(live.fresh());
    return c.json<AheadReply>(await slotsAhead(jobs, now));
  });

  app.get('/api/events', (c) => {
    if (live.isFull) throw new Refusal(503, 'TOO_MANY', `${MOST_TABS} pages are open already`);
    const headers = {
      'content-type': 'text/event-stream; charset=utf-8',
      // Keeps proxies and compressing middleware from buffering the events.
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    };
    if (c.req.method === 'HEAD') return c.body(null, 200, headers);
    return c.body(
      eventStream((tab) => live.join(tab)),
      200,
      headers,
    );
  });

  app.post('/api/jobs/:name/:action', async (c) => {
    const action = c.req.param('action');
    if (!isAction(action)) return notFound();
    const name = nameOf(c);
    const given = await objectIn(c.req.raw, c.env.parsed);
    return c.json(await inTime(steering.act(action, name, given, c.get('viewer'))));
  });

  app.notFound(() => notFound());
  app.onError((thrown, c) => answerTo(thrown, c, source));
  return app;
}

function notFound(): never {
  throw new Refusal(404, 'NOT_FOUND', 'there is nothing here');
}

/** @throws Refusal */
function nameOf(c: Here): string {
  return nameIn(c.env.route.split('/')[3] ?? '');
}

/** @throws Refusal */
function jobIn({ job }: { job: JobSummary | null }, name: string): JobSummary {
  if (job) return job;
  throw new Refusal(404, 'NOT_FOUND', `there is no job '${visible(name)}'`);
}

/** @throws Refusal */
function lastIn(given: string | undefined): number {
  if (given === undefined) return LAST.standard;
  if (/^\d{1,4}$/.test(given) && Number(given) >= 1 && Number(given) <= LAST.most) return Number(given);
  throw new Refusal(400, 'BAD_REQUEST', `last: must be a whole number from 1 to ${LAST.most}`);
}

/** While Redis is unreachable, commands wait for it; a browser gets an error instead. @throws Refusal */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: Timer | undefined;
  const late = new Promise<never>((_, reject) => {
    const message = `no answer from Redis within ${ANSWER_WITHIN / 1000} s`;
    timer = after(ANSWER_WITHIN, () => reject(new Refusal(503, 'UNAVAILABLE', message)));
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    cancel(timer);
  }
}

/** The answer to a failed request. Unexpected errors are reported to the service, and not shown to the browser. */
function answerTo(thrown: unknown, c: Here, source: Source): Response {
  const refusal = refusalOf(thrown);
  if (refusal.status === 500 && !(thrown instanceof Refusal)) {
    source.failed(webError(`bossman/web could not answer ${c.req.method} (${messageOf(thrown)})`, thrown));
  }
  const { status, code, message, headers } = refusal;
  return c.json<ErrorReply>({ error: { code, message } }, status, headers);
}

function refusalOf(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown;
  if (thrown instanceof BossmanError) {
    return new Refusal(thrown.code === 'FORGET' ? 409 : 503, thrown.code, thrown.message);
  }
  return new Refusal(500, 'INTERNAL', 'the request failed; the service has reported why');
}
