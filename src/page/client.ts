import { type Action, type ActionReply, type ChangedEvent, type ErrorReply, segmentOf } from '../web/api';

/** The server refused, or could not be asked; the message is for people. */
export class Refused extends Error {
  constructor(
    message: string,
    /** The HTTP status; 0: the server did not answer. */
    readonly status: number,
  ) {
    super(message);
  }
}

/** Where the API is, whatever path the page is mounted at: this script is in the folder `assets` beside it. */
const API = new URL('../api/', import.meta.url);

/** Asks the API. @throws Refused */
export function ask<T>(path: string): Promise<T> {
  return call<T>(path, {});
}

/** Does something to a job. @throws Refused with the server's reason */
export function steer(job: string, action: Action, body: object): Promise<ActionReply> {
  const headers = { 'content-type': 'application/json' };
  return call(`jobs/${segmentOf(job)}/${action}`, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function call<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(new URL(path, API), { ...init, cache: 'no-store' });
  } catch {
    throw new Refused('The server does not answer.', 0);
  }
  const answer: unknown = await response.json().catch(() => null);
  if (!response.ok)
    throw new Refused(reasonIn(answer) ?? `The server answered ${response.status}.`, response.status);
  return answer as T;
}

function reasonIn(answer: unknown): string | null {
  const { error } = (answer ?? {}) as Partial<ErrorReply>;
  return typeof error?.message === 'string' && error.message !== '' ? error.message : null;
}

/** ms between two attempts to connect again: the first, and the longest. */
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

/** Called with what the server pushes, and with each change of the connection. */
export interface Listener {
  /** The connection stands: what changed before may have been missed. */
  onReady: (now: number) => void;
  onChanged: (event: ChangedEvent) => void;
  onLost: () => void;
}

/**
 * Listens to what the server pushes. After a loss it connects again, at first soon, then every 10 s, and at once when the
 * network or the tab comes back.
 *
 * @returns a function that ends it
 */
export function listen({ onReady, onChanged, onLost }: Listener): () => void {
  let source: EventSource | undefined;
  let timer: number | undefined;
  let waitMs = FIRST_RETRY_MS;
  const connect = () => {
    window.clearTimeout(timer);
    source?.close();
    source = new EventSource(new URL('events', API));
    source.addEventListener('ready', ({ data }) => {
      waitMs = FIRST_RETRY_MS;
      onReady(JSON.parse(data).now);
    });
    source.addEventListener('changed', ({ data }) => onChanged(JSON.parse(data)));
    source.addEventListener('error', () => {
      // The browser's own attempts end at an answer other than 200.
      source?.close();
      onLost();
      timer = window.setTimeout(connect, waitMs);
      waitMs = Math.min(LONGEST_RETRY_MS, waitMs * 2);
    });
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
