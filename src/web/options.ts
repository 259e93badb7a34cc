import type { IncomingMessage, ServerResponse } from 'node:http';

/** What `authorize` returns for a request: see `WebOptions.authorize`. */
export type Verdict =
  | 'read'
  | 'write'
  | null
  | {
      /** What the viewer may do; null: nothing. */
      access: 'read' | 'write' | null;
      /** The viewer's name, for the event `steered` and for the page. */
      who?: string | undefined;
      /** If `access` is null: the answer is 401, with this as the header `www-authenticate`, instead of 403. */
      challenge?: string | undefined;
    };

export type Authorize = (request: Request, original: unknown) => Verdict | Promise<Verdict>;

/** Options of `web`. */
export interface WebOptions {
  /**
   * Returns what a viewer may do: `'read'`, `'write'`, null, or `{ access, who, challenge }`, or a promise of one of these.
   * `who` is the viewer's name, for the event `steered` and for the page. Null is answered with 403; with `challenge`, with
   * 401 and the challenge as the header `www-authenticate`. If it throws, the answer is 500 without details, and an event
   * `error` (code `WEB`) has the cause. Default: only requests from this machine are answered, and may write.
   *
   * @param request the request with its headers and cookies
   * @param original the request of Node's server, or of the framework on it, which may know who is signed in; undefined for
   *   `fetch`
   */
  authorize?: Authorize | undefined;
  /** Whether nobody can change anything, whatever `authorize` returns. Default false. */
  readOnly?: boolean | undefined;
  /**
   * The path below which the page is mounted, such as `/jobs`. Default: it is detected. Set it if the path itself ends like
   * one of the API (`/api/jobs`), or if other paths of the server should not get the page.
   */
  base?: string | undefined;
}

/** The page of a fleet, in the forms in which a server can mount it. */
export interface WebPages {
  /**
   * For `node:http`, Express, Connect and frameworks on them. `next`, if given, is called for a path that is not below
   * `base`.
   */
  handler: (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void) => void;
  /**
   * For Hono, Next.js, Bun, Deno, and anything else that passes a `Request` and expects a `Response`. The further arguments
   * that Bun, Deno and Hono pass contain the viewer's address, which is only needed without `authorize`.
   */
  fetch: (request: Request, ...more: unknown[]) => Promise<Response>;
  /** Ends the event streams of all open tabs, so that a server can close. Requests are still answered. */
  close: () => void;
}
