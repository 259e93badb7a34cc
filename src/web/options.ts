import type { IncomingMessage, ServerResponse } from 'node:http';

/** What `authorize` says of a request: see `WebOptions.authorize`. */
export type Verdict =
  | 'read'
  | 'write'
  | null
  | {
      /** What the viewer may do; null: nothing. */
      access: 'read' | 'write' | null;
      /** Who it is, for the event `steered` and for the page. */
      who?: string | undefined;
      /** With an access of null: answer with 401 and this as the header `www-authenticate`, instead of with 403. */
      challenge?: string | undefined;
    };

export type Authorize = (request: Request, original: unknown) => Verdict | Promise<Verdict>;

/** Options of `web`. */
export interface WebOptions {
  /**
   * What a viewer may do: `'read'`, `'write'` or null, or `{ access, who, challenge }`, or a promise of one. `who` is the
   * name that the event `steered` and the page have; with an access of null, `challenge` becomes the header
   * `www-authenticate` of a 401, otherwise null is a 403. What it throws is a 500 that tells the browser nothing, and
   * the event `error`, code `WEB`. Default: only this machine is served, and may write.
   *
   * @param request has the headers and the cookies
   * @param original the request of Node's server, or of the framework on it, which may know who is signed in; undefined for
   *   `fetch`
   */
  authorize?: Authorize | undefined;
  /** Everybody may read at most. Default false. */
  readOnly?: boolean | undefined;
  /**
   * The path below which the pages are, such as `/jobs`. Default: it is found out. To be given for a path that ends in
   * `/api/jobs` or the like, and where other paths of a server should not get the page.
   */
  base?: string | undefined;
}

/** The pages of a fleet, as a server mounts them. */
export interface WebPages {
  /**
   * For `node:http`, Express, Connect and frameworks on them. With `next`, it is called for a path that is not below the
   * base.
   */
  handler: (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void) => void;
  /**
   * For Hono, Next.js, Bun, Deno, and whatever else takes a `Request` and gives a `Response`. What Bun, Deno and Hono pass
   * as further arguments tells the address of the viewer, which is only needed without `authorize`.
   */
  fetch: (request: Request, ...more: unknown[]) => Promise<Response>;
  /** Ends the event streams of all open tabs, so that a server can close. The pages can still be asked for. */
  close: () => void;
}
