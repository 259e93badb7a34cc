import { Component } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { JobSummary } from '../web/api';
import { Strip } from './bars';
import { counted } from './format';
import { hrefOf, useNow } from './hooks';
import { inOrder, matches, ORDERS, type Order } from './order';
import { Empty, Sign, StateBadge, Text, When } from './parts';
import { planWords } from './plan-words';
import { needsAttention, OUTCOMES, STATES, type State, statesOf } from './state';

/** The number of rows that are added when the end of the list becomes visible: 1,000 at once would take a second. */
const ROWS = 60;

/** All jobs, those that need attention first. */
export function JobsView({ jobs }: { jobs: readonly JobSummary[] }) {
  const [search, setSearch] = useState('');
  const [filter, setFilter] = useState<State | 'attention' | null>(null);
  const [order, setOrder] = useState<Order>('attention');
  const field = useRef<HTMLInputElement>(null);
  useSearchKey(field);
  // Jobs become overdue by themselves.
  const moment = Math.floor(useNow() / 5000);
  const shown = useMemo(() => {
    const isIn = (job: JobSummary) =>
      filter === null || (filter === 'attention' ? needsAttention(job) : statesOf(job).includes(filter));
    return inOrder(
      jobs.filter((job) => isIn(job) && matches(job, search)),
      order,
    );
  }, [jobs, search, filter, order, moment]);
  if (jobs.length === 0) return <NoJobs />;
  return (
    <>
      <div class="bar-of-filters">
        <Filters jobs={jobs} filter={filter} onFilter={setFilter} />
        <div class="tools">
          <label class="sort">
            <span class="visually-hidden">Sort by</span>
            <select value={order} onChange={(event) => setOrder(event.currentTarget.value as Order)}>
              {Object.entries(ORDERS).map(([key, title]) => (
                <option key={key} value={key}>
                  by {title}
                </option>
              ))}
            </select>
          </label>
          <input
            ref={field}
            type="search"
            placeholder="Find a job  /"
            aria-label="Find a job"
            aria-keyshortcuts="/"
            value={search}
            onInput={(event) => setSearch(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === 'Escape') {
                setSearch('');
                event.currentTarget.blur();
              }
            }}
          />
        </div>
      </div>
      <p class="visually-hidden" role="status">
        {counted(shown.length, 'job')} shown
      </p>
      {shown.length === 0 ? (
        <Empty title="No job matches.">
          <button
            type="button"
            onClick={() => {
              setSearch('');
              setFilter(null);
            }}
          >
            Show all jobs
          </button>
        </Empty>
      ) : (
        <Table key={`${filter} ${order} ${search}`} jobs={shown} />
      )}
    </>
  );
}

function Filters(props: {
  jobs: readonly JobSummary[];
  filter: State | 'attention' | null;
  onFilter: (filter: State | 'attention' | null) => void;
}) {
  const { jobs, filter, onFilter } = props;
  const counts = new Map<State, number>();
  for (const job of jobs) for (const state of statesOf(job)) counts.set(state, (counts.get(state) ?? 0) + 1);
  const urgent = jobs.filter(needsAttention).length;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset brings a frame and a legend
    <div class="chips" role="group" aria-label="Show jobs that are">
      <button type="button" class="chip" aria-pressed={filter === null} onClick={() => onFilter(null)}>
        <b>{jobs.length.toLocaleString('en')}</b> {jobs.length === 1 ? 'job' : 'jobs'}
      </button>
      {urgent > 0 && (
        <button
          type="button"
          class="chip bad"
          aria-pressed={filter === 'attention'}
          onClick={() => onFilter(filter === 'attention' ? null : 'attention')}
        >
          <b>{urgent.toLocaleString('en')}</b> {urgent === 1 ? 'needs' : 'need'} attention
        </button>
      )}
      {(Object.keys(STATES) as State[])
        .filter((state) => counts.has(state) || filter === state)
        .map((state) => (
          <button
            key={state}
            type="button"
            class={`chip ${STATES[state].tone}`}
            aria-pressed={filter === state}
            onClick={() => onFilter(filter === state ? null : state)}
          >
            <Sign of={state} /> <b>{(counts.get(state) ?? 0).toLocaleString('en')}</b> {state}
          </button>
        ))}
    </div>
  );
}

function Table({ jobs }: { jobs: readonly JobSummary[] }) {
  const [rows, setRows] = useState(ROWS);
  const more = useRef<HTMLButtonElement>(null);
  const grow = () => setRows((before) => before + ROWS);
  useEffect(() => {
    if (!more.current) return;
    const seen = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) grow();
      },
      { rootMargin: '800px' },
    );
    seen.observe(more.current);
    return () => seen.disconnect();
    // Again after each growth: if the end stays visible, the observer is not called.
  }, [rows]);
  return (
    <>
      <table class="jobs" onKeyDown={moveByArrows}>
        <thead>
          <tr>
            <th>Job</th>
            <th>State</th>
            <th class="wide">Last runs</th>
            <th class="wide">Last run</th>
            <th class="wide">Plan</th>
            <th class="num">Next</th>
            <th class="num wide">Failed</th>
          </tr>
        </thead>
        <tbody>
          {jobs.slice(0, rows).map((job) => (
            <Row key={job.name} job={job} />
          ))}
        </tbody>
      </table>
      {rows < jobs.length && (
        <button type="button" class="more" ref={more} onClick={grow}>
          Show more of {counted(jobs.length, 'job')}
        </button>
      )}
    </>
  );
}

/** A class, because `memo` needs preact/compat, which would add 7 % to the page. */
class Row extends Component<{ job: JobSummary }> {
  /** Every load creates new objects, most of them equal to those before. */
  override shouldComponentUpdate({ job }: { job: JobSummary }): boolean {
    return job !== this.props.job && JSON.stringify(job) !== JSON.stringify(this.props.job);
  }

  override render({ job }: { job: JobSummary }) {
    const trouble = job.failuresInARow > 0 ? job.lastRun?.error : null;
    return (
      <tr
        onClick={(event) => {
          // A click anywhere in the row opens the job, but not one that ends a selection of text.
          if (getSelection()?.isCollapsed !== false && !(event.target instanceof HTMLAnchorElement)) {
            location.hash = hrefOf({ view: 'job', name: job.name });
          }
        }}
      >
        <td class="name">
          <a href={hrefOf({ view: 'job', name: job.name })}>
            <Text>{job.name}</Text>
          </a>
          {trouble && (
            <small class="bad">
              <Text>{trouble}</Text>
            </small>
          )}
          {job.paused?.note && (
            <small>
              <Text>{job.paused.note}</Text>
            </small>
          )}
        </td>
        <td>
          <StateBadge job={job} />
        </td>
        <td class="wide">
          <Strip runs={job.recent} />
        </td>
        <td class="wide">{job.lastRun ? <LastRun run={job.lastRun} /> : <span class="soft">–</span>}</td>
        <td class="wide plan">{planWords(job)}</td>
        <td class="num">
          {job.nextSlot === null ? <span class="soft">–</span> : <When at={job.nextSlot} rough />}
        </td>
        <td class={`num wide ${job.failures > 0 ? 'bad' : 'soft'}`}>{job.failures.toLocaleString('en')}</td>
      </tr>
    );
  }
}

function LastRun({ run }: { run: NonNullable<JobSummary['lastRun']> }) {
  const { sign, tone } = OUTCOMES[run.outcome];
  return (
    <span>
      <span class={tone} title={run.outcome}>
        {sign}
      </span>{' '}
      <When at={run.startedAt} rough />
      <span class="visually-hidden">, {run.outcome}</span>
    </span>
  );
}

function NoJobs() {
  return (
    <Empty title="No jobs yet">
      <p>Nothing is hired under this prefix. A job appears here as soon as a service hires it:</p>
      <pre>{"fred.hire('engineers', {\n  every: '10 minutes',\n  work: () => …,\n});"}</pre>
    </Empty>
  );
}

/** The arrow keys move from job to job, Home and End to the first and the last. */
function moveByArrows(event: KeyboardEvent & { currentTarget: HTMLTableElement }): void {
  const links = [...event.currentTarget.querySelectorAll<HTMLAnchorElement>('td.name > a')];
  const at = links.indexOf(document.activeElement as HTMLAnchorElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
  if (to === undefined || at < 0) return;
  event.preventDefault();
  links[to]?.focus();
}

/** `/` moves to the search field, and the arrow down key from there to the first job. */
function useSearchKey(field: { current: HTMLInputElement | null }): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
      const isTyping = event.target instanceof HTMLElement && event.target.matches('input, textarea, select');
      if (event.key === '/' && !isTyping) {
        event.preventDefault();
        field.current?.focus();
      }
      const isHome = document.activeElement === field.current || document.activeElement === document.body;
      if (event.key === 'ArrowDown' && isHome) {
        event.preventDefault();
        document.querySelector<HTMLAnchorElement>('td.name > a')?.focus();
      }
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [field]);
}
