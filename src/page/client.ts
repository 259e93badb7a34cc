import { type Action, type ActionReply, type ChangedEvent, type ErrorReply, segmentOf } from '../web/api';

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

/** ms between two attempts to reconnect: the first wait, and the longest. */
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

/** Called for each event that the server pushes, and for each change of the connection. */
export interface Listener {
  /** The connection is open: earlier changes may have been missed. */
  onReady: (now: number) => void;
  onChanged: (event: ChangedEvent) => void;
  onLost: () => void;
}

/**
 * Listens to the server's events. If the connection is lost, it reconnects: soon at first, later every 10 s, and immediately
 * when the network or the tab comes back.
 *
 * @returns a function that stops listening
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
      // The browser itself stops reconnecting after an answer other than 200.
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
