import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type {
  AheadReply,
  ChangedEvent,
  FleetReply,
  HistoryReply,
  JobReply,
  JobSummary,
  JobsReply,
} from '../web/api';
import { segmentOf } from '../web/api';
import { ask, listen, Refused } from './client';
import { setServerTime, stopClock } from './hooks';

/** The state of the connection. `lost`: the server does not answer; `stale`: Redis does not answer the server. */
export type Link = { is: 'connecting' | 'live' } | { is: 'lost' | 'stale'; since: number };

/** What changed; null: anything may have changed. */
type Change = ChangedEvent | null;

/** The page's only connection for events, and the listeners for changes. */
export interface Live {
  link: Link;
  /** Calls the listener for each change. Returns a function that removes it. */
  onChange: (listener: (change: Change) => void) => () => void;
}

export function useLive(): Live {
  const [link, setLink] = useState<Link>({ is: 'connecting' });
  const listeners = useRef(new Set<(change: Change) => void>());
  useEffect(() => {
    const tell = (change: Change) => {
      for (const listener of listeners.current) listener(change);
    };
    const become = (link: Link) => {
      stopClock('since' in link);
      setLink((before) => (before.is === link.is ? before : link));
    };
    return listen({
      onReady: (now) => {
        become({ is: 'live' });
        setServerTime(now);
        tell(null);
      },
      onChanged: (event) => {
        become({ is: 'live' });
        setServerTime(event.now);
        tell(event.all ? null : event);
      },
      onAlive: ({ now, isStale }) => become(isStale ? { is: 'stale', since: now } : { is: 'live' }),
      onLost: (since) => become({ is: 'lost', since }),
    });
  }, []);
  const onChange = useCallback((listener: (change: Change) => void) => {
    listeners.current.add(listener);
    return () => {
      listeners.current.delete(listener);
    };
  }, []);
  return { link, onChange };
}

/** What was loaded last, and why a newer state could not be loaded. */
export interface Loaded<T> {
  value: T | null;
  problem: Refused | null;
}

interface Source<T> {
  path: string;
  /** Whether a change makes another load necessary. */
  concerns: (change: ChangedEvent) => boolean;
  /** Applies a change without loading again; null: the change does not concern this. */
  merge?: (value: T, change: ChangedEvent) => T | null;
  /** Minimum ms between two loads. */
  calmMs: number;
}

/** Loads something, and again after each change that concerns it; one load at a time. */
function useLoaded<T extends { now: number }>({ onChange }: Live, source: Source<T>): Loaded<T> {
  const { path } = source;
  const [state, setState] = useState<Loaded<T> & { path: string }>(nothing(path));
  const current = useRef(source);
  current.current = source;
  useEffect(() => {
    let ended = false;
    let busy = false;
    let again = false;
    let timer: number | undefined;
    // Events that arrive during a load may be newer than its result.
    let missed: ChangedEvent[] = [];
    const load = async () => {
      busy = true;
      again = false;
      missed = [];
      try {
        const loaded = await ask<T>(path);
        if (ended) return;
        setServerTime(loaded.now);
        const { merge } = current.current;
        const newer = missed.filter(({ now }) => now >= loaded.now);
        const value = newer.reduce((sum, change) => merge?.(sum, change) ?? sum, loaded);
        setState({ path, value, problem: null });
      } catch (error) {
        const problem = error instanceof Refused ? error : new Refused(String(error), 0);
        if (!ended)
          setState((before) => ({ path, value: before.path === path ? before.value : null, problem }));
      }
      timer = window.setTimeout(() => {
        busy = false;
        if (again && !ended) void load();
      }, current.current.calmMs);
    };
    const wanted = () => {
      again = true;
      if (!busy) void load();
    };
    wanted();
    const stop = onChange((change) => {
      if (change === null || current.current.concerns(change)) return wanted();
      const { merge } = current.current;
      if (!merge) return;
      missed.push(change);
      setState((before) => {
        const value = before.value && before.path === path ? merge(before.value, change) : null;
        return value ? { ...before, value } : before;
      });
    });
    return () => {
      ended = true;
      window.clearTimeout(timer);
      stop();
    };
  }, [path, onChange]);
  // In the first render with a new path, the state still belongs to the previous one.
  return state.path === path ? state : nothing(path);
}

function nothing<T>(path: string): Loaded<T> & { path: string } {
  return { path, value: null, problem: null };
}

/** All jobs. An event contains the jobs that changed, so nothing is loaded again. */
export function useJobs(live: Live): Loaded<JobsReply> {
  return useLoaded(live, {
    path: 'jobs',
    concerns: (change) => change.fleet,
    merge: (value, { now, jobs, gone }) => ({ ...value, now, jobs: merged(value.jobs, jobs, gone) }),
    calmMs: 2000,
  });
}

function merged(
  before: readonly JobSummary[],
  changed: readonly JobSummary[],
  gone: readonly string[],
): JobSummary[] {
  const byName = new Map(before.map((job) => [job.name, job]));
  for (const job of changed) byName.set(job.name, job);
  for (const name of gone) byName.delete(name);
  return [...byName.values()];
}

const isAbout =
  (name: string) =>
  ({ jobs, gone }: ChangedEvent): boolean =>
    gone.includes(name) || jobs.some((job) => job.name === name);

export function useJob(live: Live, name: string): Loaded<JobReply> {
  return useLoaded(live, { path: `jobs/${segmentOf(name)}`, concerns: isAbout(name), calmMs: 500 });
}

/** The last runs of a job, with their errors. */
export function useHistory(live: Live, name: string, last: number): Loaded<HistoryReply> {
  const path = `jobs/${segmentOf(name)}/history?last=${last}`;
  return useLoaded(live, { path, concerns: isAbout(name), calmMs: 1000 });
}

/** Every run changes this, so it is loaded less often. */
export function useFleet(live: Live): Loaded<FleetReply> {
  return useLoaded(live, { path: 'fleet', concerns: () => true, calmMs: 3000 });
}

/** Slots change only with plans, so this is loaded rarely. */
export function useAhead(live: Live): Loaded<AheadReply> {
  return useLoaded(live, { path: 'ahead', concerns: () => true, calmMs: 30_000 });
}
