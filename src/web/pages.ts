import type { IncomingMessage } from 'node:http';
import { type Brought, makeApp } from './app';
import { Gate } from './gate';
import { getRequestListener } from './hono';
import { Live } from './live';
import type { Authorize, WebPages } from './options';
import { routeIn } from './paths';
import { type Source, webError } from './source';

export interface PagesConfig {
  authorize: Authorize | null;
  readOnly: boolean;
  /** Null: it is detected, see `routeIn`. */
  base: string | null;
}

export function pagesOf(source: Source, { authorize, readOnly, base }: PagesConfig): WebPages {
  const failed = (message: string, cause: unknown) => source.failed(webError(message, cause));
  const gate = new Gate({ authorize, readOnly, failed });
  const live = new Live(source);
  const app = makeApp(source, gate, live);
  /** What is known about requests of Node's server, until Hono handles them. */
  const brought = new WeakMap<object, Brought>();
  const notBelow = { path: '/', route: '/nowhere' };

  const listener = getRequestListener(
    (request, { incoming }) => app.fetch(request, { ...brought.get(incoming) }),
    { overrideGlobalObjects: false },
  );

  return {
    handler: (req, res, next) => {
      const place = placeOf(req, base);
      if (place === null && next) {
        next();
        return;
      }
      const address = req.socket.remoteAddress ?? null;
      brought.set(req, { ...(place ?? notBelow), original: req, address, parsed: parsedIn(req) });
      void listener(req, res);
    },
    fetch: async (request, ...more) => {
      const path = new URL(request.url).pathname;
      const route = routeIn(path, base) ?? notBelow.route;
      const address = addressIn(request, more);
      return app.fetch(request, {
        path,
        route,
        original: undefined,
        address,
        parsed: undefined,
      } satisfies Brought);
    },
    close: () => live.close(),
  };
}

/** The path and route of a request; null if it is not below the base. */
function placeOf(req: IncomingMessage, base: string | null): Pick<Brought, 'path' | 'route'> | null {
  const own = pathIn(req.url);
  // Express and Connect remove the mount path from `url`.
  const original: unknown = Reflect.get(req, 'originalUrl');
  const path = typeof original === 'string' ? pathIn(original) : own;
  const mount = path === own ? base : mountOf(path, own);
  const route = routeIn(path, mount);
  return route === null ? null : { path, route };
}

/** The mount path: `/jobs`, if `path` is `/jobs/api/fleet` and `own` is `/api/fleet`. */
function mountOf(path: string, own: string): string | null {
  if (path.endsWith(own)) return path.slice(0, path.length - own.length);
  return own === '/' ? path : null;
}

function pathIn(url: string | undefined): string {
  return (url ?? '/').replace(/[?#].*/s, '') || '/';
}

/** The body if middleware has parsed it; null if it was read but not parsed; undefined if it has not been read. */
function parsedIn(req: IncomingMessage): unknown {
  const body: unknown = Reflect.get(req, 'body');
  const isParsed =
    typeof body === 'object' && body !== null && !('getReader' in body) && !Buffer.isBuffer(body);
  if (isParsed) return body;
  return req.readableEnded || req.readableDidRead ? null : undefined;
}

/** The address of the other end, from the arguments that Hono on Node, Bun, Hono on Bun, or Deno passes. */
function addressIn(request: Request, [env, ...others]: unknown[]): string | null {
  const incoming = valueIn(env, 'incoming');
  const ofNode = valueIn(valueIn(incoming, 'socket'), 'remoteAddress');
  if (typeof ofNode === 'string') return ofNode;
  for (const server of [env, valueIn(env, 'server'), ...others]) {
    const requestIP = valueIn(server, 'requestIP');
    if (typeof requestIP === 'function') {
      const address = valueIn(Reflect.apply(requestIP, server, [request]), 'address');
      return typeof address === 'string' ? address : null;
    }
  }
  const ofDeno = valueIn(valueIn(env, 'remoteAddr'), 'hostname');
  return typeof ofDeno === 'string' ? ofDeno : null;
}

function valueIn(object: unknown, key: string): unknown {
  return typeof object === 'object' && object !== null ? Reflect.get(object, key) : undefined;
}
