import { useEffect, useState } from 'preact/hooks';
import type { JobsReply } from '../web/api';
import type { Notice } from './actions';
import { AheadView } from './ahead-view';
import { type Live, useJobs, useLive } from './data';
import { FleetView } from './fleet-view';
import { clock, counted } from './format';
import { hrefOf, type Route, useKept, useRoute } from './hooks';
import { JobView } from './job-view';
import { JobsView } from './jobs-view';
import { Text } from './parts';
import { Problem } from './problem';
import { needsAttention } from './state';

const TITLES = { jobs: 'Jobs', fleet: 'Fleet', ahead: 'Ahead' } as const;

/** The whole page. */
export function App() {
  const live = useLive();
  const route = useRoute();
  const jobs = useJobs(live);
  const [notice, setNotice] = useState<Notice | null>(null);
  useTitle(route, jobs.value);
  useEscape(route);
  const place = route.view === 'job' ? `job ${route.name}` : route.view;
  return (
    <>
      <a class="skip" href={hrefOf(route)} onClick={skip}>
        Skip to the content
      </a>
      <Header route={route} reply={jobs.value} live={live} />
      <LinkLost live={live} />
      <main id="content" tabIndex={-1} key={place}>
        {route.view !== 'job' && <h1 class="visually-hidden">{TITLES[route.view]}</h1>}
        {route.view === 'jobs' && <Problem of={jobs.problem} />}
        {route.view === 'jobs' && jobs.value && <JobsView jobs={jobs.value.jobs} />}
        {route.view === 'job' && <JobView name={route.name} live={live} onDone={setNotice} />}
        {route.view === 'fleet' && <FleetView live={live} />}
        {route.view === 'ahead' && <AheadView live={live} />}
        {route.view === 'jobs' && !jobs.value && !jobs.problem && <p class="soft">Loading…</p>}
      </main>
      <div class="notices" role="status">
        {notice && (
          <p class={notice.isGood ? 'notice good' : 'notice bad'}>
            <span aria-hidden="true">{notice.isGood ? '✓' : '▲'}</span> <Text>{notice.text}</Text>
            <button type="button" aria-label="Close the message" onClick={() => setNotice(null)}>
              ×
            </button>
          </p>
        )}
      </div>
      <footer class="soft">
        <kbd>/</kbd> find <kbd>↑</kbd> <kbd>↓</kbd> move <kbd>Enter</kbd> open <kbd>Esc</kbd> back
      </footer>
    </>
  );
}

function Header({ route, reply, live }: { route: Route; reply: JobsReply | null; live: Live }) {
  return (
    <header>
      <a class="brand" href="#jobs">
        bossman
      </a>
      <nav aria-label="Pages">
        {(['jobs', 'fleet', 'ahead'] as const).map((view) => (
          <a
            key={view}
            href={hrefOf({ view })}
            aria-current={
              route.view === view ? 'page' : route.view === 'job' && view === 'jobs' ? 'true' : undefined
            }
          >
            {TITLES[view]}
          </a>
        ))}
      </nav>
      <span class="where">
        {reply && (
          <>
            <Text>{[...reply.applications, reply.prefix].join(' · ')}</Text>
            <span> · {counted(reply.instances, 'instance')}</span>
            {reply.access === 'read' && <span> · read-only</span>}
            {reply.who !== null && (
              <span>
                {' · '}
                <Text>{reply.who}</Text>
              </span>
            )}
          </>
        )}
        <span class={`link ${live.link.is}`}>
          <span aria-hidden="true">{live.link.is === 'live' ? '●' : '○'}</span>{' '}
          {'since' in live.link ? 'not live' : live.link.is}
        </span>
      </span>
      <ThemeSwitch />
    </header>
  );
}

function LinkLost({ live: { link } }: { live: Live }) {
  return (
    <div role="alert">
      {'since' in link && (
        <p class="no-link">
          <strong>Not live since {clock(link.since, Date.now())}:</strong>{' '}
          {link.is === 'lost' ? 'the server does not answer.' : 'Redis does not answer the server.'} The page
          shows the state at that time. It keeps trying to reconnect.
        </p>
      )}
    </div>
  );
}

const THEMES = ['auto', 'light', 'dark'];

/** By default, the page uses the system's theme. */
function ThemeSwitch() {
  const [theme, setTheme] = useKept('theme', 'auto');
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  return (
    <label class="theme">
      <span class="visually-hidden">Theme</span>
      <select value={theme} onChange={(event) => setTheme(event.currentTarget.value)}>
        {THEMES.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
    </label>
  );
}

/** The tab's title shows how many jobs need attention, even while the tab is in the background. */
function useTitle(route: Route, reply: JobsReply | null): void {
  const urgent = reply?.jobs.filter(needsAttention).length ?? 0;
  const name = route.view === 'job' ? route.name : TITLES[route.view];
  useEffect(() => {
    document.title = `${urgent > 0 ? `(${urgent}) ` : ''}${name} · bossman`;
  }, [urgent, name]);
}

/** Escape goes back from a job to all jobs, unless something else handles it. */
function useEscape(route: Route): void {
  useEffect(() => {
    if (route.view !== 'job') return;
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.defaultPrevented) return;
      if (document.querySelector('dialog[open]') || document.activeElement?.matches('select')) return;
      location.hash = hrefOf({ view: 'jobs' });
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [route]);
}

function skip(event: Event): void {
  event.preventDefault();
  document.getElementById('content')?.focus();
}
