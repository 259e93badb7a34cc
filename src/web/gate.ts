import { kindOf } from '../errors';
import type { Access } from './api';
import type { Authorize } from './options';
import { Refusal } from './refusal';

/** Who sent a request, and what they may do. */
export interface Viewer {
  access: Access;
  who: string | null;
}

/** A request as it was received. */
export interface Asking {
  request: Request;
  /** The request of Node's server or of a framework on it, which may know who is signed in; undefined for `fetch`. */
  original: unknown;
  /** The address of the other end of the connection; null if it is unknown. */
  address: string | null;
}

/** Characters of a viewer's name; longer ones are cut. */
const LONGEST_WHO = 200;

/** Headers that proxies add: with any of them, the other end of the connection is not the viewer. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/** Decides who may do what. Every request passes through here. */
export class Gate {
  constructor(
    private readonly config: {
      /** Null: only requests from this machine are answered. */
      authorize: Authorize | null;
      readOnly: boolean;
      /** Called with what `authorize` threw. */
      failed: (message: string, cause: unknown) => void;
    },
  ) {}

  /** @throws Refusal */
  async admit(asking: Asking): Promise<Viewer> {
    const { request } = asking;
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isRead && request.method !== 'POST') {
      throw new Refusal(405, 'METHOD', 'only GET and POST are allowed', { allow: 'GET, HEAD, POST' });
    }
    if (this.config.authorize === null) checkIsLocal(asking);
    if (!isRead) checkIsOwnPage(request);
    const viewer = await this.viewerOf(asking);
    if (!isRead && viewer.access === 'read') {
      throw new Refusal(403, 'READ_ONLY', 'this page is read-only for you: you cannot change anything');
    }
    return viewer;
  }

  private async viewerOf(asking: Asking): Promise<Viewer> {
    const { authorize, readOnly } = this.config;
    const verdict = authorize === null ? 'write' : await this.ask(authorize, asking);
    const { access, who = null, challenge } = verdictIn(verdict) ?? this.nonsense(verdict);
    if (access === null) {
      const message = 'you may not see this page';
      if (challenge === undefined) throw new Refusal(403, 'FORBIDDEN', message);
      throw new Refusal(401, 'UNAUTHORIZED', message, { 'www-authenticate': challenge });
    }
    return { access: readOnly ? 'read' : access, who: who?.slice(0, LONGEST_WHO) ?? null };
  }

  private async ask(authorize: Authorize, { request, original }: Asking): Promise<unknown> {
    try {
      return await authorize(request, original);
    } catch (cause) {
      this.config.failed('authorize threw', cause);
      throw unauthorized();
    }
  }

  private nonsense(verdict: unknown): never {
    const message = `authorize returned ${kindOf(verdict)} instead of 'read', 'write', null or { access, who }`;
    this.config.failed(message, undefined);
    throw unauthorized();
  }
}

/** The browser gets no details; they are reported to the service. */
function unauthorized(): Refusal {
  return new Refusal(500, 'AUTHORIZE', 'your access could not be determined; the service has reported why');
}

/** Null for anything that is not a valid verdict. */
function verdictIn(verdict: unknown): { access: Access | null; who?: string; challenge?: string } | null {
  if (verdict === null || verdict === 'read' || verdict === 'write') return { access: verdict };
  if (typeof verdict !== 'object') return null;
  const { access, who, challenge }: Record<string, unknown> = { ...verdict };
  if (access !== null && access !== 'read' && access !== 'write') return null;
  const isText = (value: unknown) => value === undefined || value === null || typeof value === 'string';
  if (!isText(who) || !isText(challenge)) return null;
  return {
    access,
    ...(typeof who === 'string' && { who }),
    ...(typeof challenge === 'string' && { challenge }),
  };
}

/**
 * Without `authorize`, admits only a browser on this machine that used one of this machine's own names. The `Host` header
 * reveals another site whose name resolves to this machine (DNS rebinding).
 *
 * @throws Refusal
 */
function checkIsLocal({ request, address }: Asking): void {
  if (address === null || !isLoopback(address) || FORWARDED.some((name) => request.headers.has(name))) {
    const message = 'without authorize, bossman/web only answers connections from its own machine';
    throw new Refusal(403, 'NOT_LOCAL', message);
  }
  if (!isLocalName(hostOf(request))) {
    throw new Refusal(403, 'FOREIGN_HOST', 'without authorize, bossman/web only answers to localhost');
  }
}

/**
 * Only the page itself may change something, not a form or script on another site.
 *
 * @throws Refusal
 */
function checkIsOwnPage(request: Request): void {
  const { headers } = request;
  if (!/^application\/json\s*(;|$)/i.test(headers.get('content-type') ?? '')) {
    throw new Refusal(415, 'CONTENT_TYPE', 'a POST needs the header content-type: application/json');
  }
  const site = headers.get('sec-fetch-site');
  const isSame = site === null ? isOwnOrigin(headers.get('origin'), request) : site === 'same-origin';
  if (!isSame) {
    const message =
      'a POST needs the header Sec-Fetch-Site: same-origin, or an Origin with the host of this server';
    throw new Refusal(403, 'FOREIGN_ORIGIN', message);
  }
}

function isOwnOrigin(origin: string | null, request: Request): boolean {
  return origin !== null && URL.canParse(origin) && new URL(origin).host === hostOf(request);
}

/** The host that the browser used, with the port unless it is the scheme's default. */
function hostOf(request: Request): string {
  const host = request.headers.get('host') ?? new URL(request.url).host;
  return host.toLowerCase();
}

/** Whether an address is a loopback address. */
export function isLoopback(address: string): boolean {
  return /^(127(\.\d{1,3}){3}|::1|::ffff:127(\.\d{1,3}){3})$/i.test(address);
}

function isLocalName(host: string): boolean {
  const name = host.replace(/:\d*$/, '');
  return name === 'localhost' || name.endsWith('.localhost') || isLoopback(name.replace(/^\[(.*)\]$/, '$1'));
}
