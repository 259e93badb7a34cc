import {
  type Action,
  type ActionReply,
  type AliveEvent,
  type ChangedEvent,
  type ErrorReply,
  type ReadyEvent,
  segmentOf,
} from '../web/api';

/** The server refused a request, or did not answer; the message is for people. */
export class Refused extends Error {
  constructor(
    message: string,
    /** The HTTP status; 0: the server did not answer. */
    readonly status: number,
  ) {
    super(message);
  }
}

/** The address of the API, whatever path the page is mounted at: this script is in the folder `assets` beside it. */
const API = new URL('../api/', import.meta.url);

/** ms that a request waits for its answer. The server's own wait for Redis is shorter. */
const ANSWER_WITHIN_MS = 20_000;

/** Sends a GET request to the API. @throws Refused */
export function ask<T>(path: string): Promise<T> {
  return call<T>(path, {});
}

/** Performs an action on a job. @throws Refused with the server's reason */
export function steer(job: string, action: Action, body: object): Promise<ActionReply> {
  const headers = { 'content-type': 'application/json' };
  return call(`jobs/${segmentOf(job)}/${action}`, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function call<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    response = await fetch(new URL(path, API), { ...init, cache: 'no-store', signal });
  } catch {
    const doubt = init.method === 'POST' ? ' It may have been carried out.' : '';
    throw new Refused(`The server does not answer.${doubt}`, 0);
  }
  const answer: unknown = await response.json().catch(() => null);
  if (!response.ok)
    throw new Refused(reasonIn(answer) ?? `The server answered ${response.status}.`, response.status);
  // For example the sign-in page of a proxy.
  if (answer === null) throw new Refused('The answer cannot be read. Reload the page to sign in again.', 0);
  return answer as T;
}

function reasonIn(answer: unknown): string | null {
  const { error } = (answer ?? {}) as Partial<ErrorReply>;
  return typeof error?.message === 'string' && error.message !== '' ? error.message : null;
}

/** ms between two attempts to reconnect: the first wait, and the longest. */
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

/** The number of intervals between two events `alive` after which a silent connection counts as lost. */
const MOST_MISSING = 2.5;

/** Called for each event that the server pushes, and for each change of the connection. */
export interface Listener {
  /** The connection is open: earlier changes may have been missed. */
  onReady: (now: number) => void;
  onChanged: (event: ChangedEvent) => void;
  onAlive: (event: AliveEvent) => void;
  /** @param since the time of the last event, on this browser's clock */
  onLost: (since: number) => void;
}

/**
 * Listens to the server's events. If the connection is lost, it reconnects: soon at first, later every 10 s, and immediately
 * when the network or the tab comes back. A silent connection counts as lost: the server may be frozen, or a proxy may have
 * stopped forwarding.
 *
 * @returns a function that stops listening
 */
export function listen({ onReady, onChanged, onAlive, onLost }: Listener): () => void {
  let source: EventSource | undefined;
  let timer: number | undefined;
  let waitMs = FIRST_RETRY_MS;
  let patienceMs = ANSWER_WITHIN_MS;
  let heardAt = Date.now();
  const then = (call: () => void, ms: number) => {
    window.clearTimeout(timer);
    timer = window.setTimeout(call, ms);
  };
  const lose = () => {
    source?.close();
    onLost(heardAt);
    then(connect, waitMs);
    waitMs = Math.min(LONGEST_RETRY_MS, waitMs * 2);
  };
  const connect = () => {
    source?.close();
    source = new EventSource(new URL('events', API));
    then(lose, patienceMs);
    const on = <T>(name: string, call: (event: T) => void) =>
      source?.addEventListener(name, ({ data }: MessageEvent<string>) => {
        heardAt = Date.now();
        then(lose, patienceMs);
        call(JSON.parse(data));
      });
    on<ReadyEvent>('ready', ({ now, aliveMs }) => {
      waitMs = FIRST_RETRY_MS;
      patienceMs = MOST_MISSING * aliveMs;
      then(lose, patienceMs);
      onReady(now);
    });
    on('changed', onChanged);
    on('alive', onAlive);
    // The browser itself stops reconnecting after an answer other than 200.
    source.addEventListener('error', lose);
  };
  const reconnect = () => {
    if (source?.readyState === EventSource.CLOSED && !document.hidden) connect();
  };
  connect();
  window.addEventListener('online', reconnect);
  document.addEventListener('visibilitychange', reconnect);
  return () => {
    window.clearTimeout(timer);
    source?.close();
    window.removeEventListener('online', reconnect);
    document.removeEventListener('visibilitychange', reconnect);
  };
}
