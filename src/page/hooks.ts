import { useEffect, useState } from 'preact/hooks';

/** ms by which Redis' clock is ahead of this browser's. */
let aheadMs = 0;
let stoppedAt: number | null = null;

/** Sets the page's clock to Redis' clock, which all times of the API refer to. */
export function setServerTime(now: number): void {
  aheadMs = now - Date.now();
}

/** Without a connection, the clock stands still, because the page shows the state at that time. */
export function stopClock(isStopped: boolean): void {
  stoppedAt = isStopped ? (stoppedAt ?? serverNow()) : null;
}

/** Now, on Redis' clock. */
export function serverNow(): number {
  return stoppedAt ?? Date.now() + aheadMs;
}

const tickers = new Set<() => void>();
let timer: number | undefined;

/** The current time on Redis' clock, updated every second; all countdowns share one timer. */
export function useNow(): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const tick = () => setNow(serverNow());
    tickers.add(tick);
    timer ??= window.setInterval(() => {
      if (!document.hidden) for (const each of tickers) each();
    }, 1000);
    return () => {
      tickers.delete(tick);
      if (tickers.size > 0) return;
      window.clearInterval(timer);
      timer = undefined;
    };
  }, []);
  // Data that has just been loaded may be newer than the last tick.
  return Math.max(now, serverNow() - 1000);
}

/** What the page shows, according to the part of its address after `#`. */
export type Route = { view: 'jobs' } | { view: 'job'; name: string } | { view: 'fleet' } | { view: 'ahead' };

/** The address of a view: the part after `#`. */
export function hrefOf(route: Route): string {
  return route.view === 'job' ? `#job/${encodeURIComponent(route.name)}` : `#${route.view}`;
}

export function readRoute(hash: string): Route {
  const [, view, name] = /^#(\w+)(?:\/(.+))?$/.exec(hash) ?? [];
  if (view === 'job' && name !== undefined) {
    try {
      return { view, name: decodeURIComponent(name) };
    } catch {
      return { view: 'jobs' };
    }
  }
  return view === 'fleet' || view === 'ahead' ? { view } : { view: 'jobs' };
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => readRoute(location.hash));
  useEffect(() => {
    const onChange = () => setRoute(readRoute(location.hash));
    window.addEventListener('hashchange', onChange);
    return () => window.removeEventListener('hashchange', onChange);
  }, []);
  return route;
}

/** A value that is stored in this browser; if storage is not available, it lasts as long as the page. */
export function useKept(key: string, initial: string): [string, (value: string) => void] {
  const [value, setValue] = useState(() => {
    try {
      return localStorage.getItem(`bossman:${key}`) ?? initial;
    } catch {
      return initial;
    }
  });
  const keep = (next: string) => {
    setValue(next);
    try {
      localStorage.setItem(`bossman:${key}`, next);
    } catch {
      // Storage is disabled or full.
    }
  };
  return [value, keep];
}
