import { useEffect, useRef, useState } from 'preact/hooks';
import type { RunRecord } from '../info';
import type { JobReply } from '../web/api';
import { Actions, type Notice } from './actions';
import { Legend, Plot } from './bars';
import { type Live, useHistory, useJob } from './data';
import { clock, counted, exact, minute, place, span } from './format';
import { useNow } from './hooks';
import { Empty, ErrorText, OutcomeBadge, StateBadge, Text, When } from './parts';
import { planWords } from './plan-words';
import { Problem } from './problem';
import { isFailure } from './state';

/** The number of runs that are loaded at first, and the maximum. */
const FIRST_RUNS = 50;
const MOST_RUNS = 1000;

/** Everything about one job. */
export function JobView({
  name,
  live,
  onDone,
}: {
  name: string;
  live: Live;
  onDone: (notice: Notice) => void;
}) {
  const [last, setLast] = useState(FIRST_RUNS);
  const job = useJob(live, name);
  const history = useHistory(live, name, last);
  const [picked, setPicked] = useState<string | null>(null);
  if (job.problem?.status === 404) {
    return (
      <Empty title="No such job">
        <p>
          The fleet knows no job named <Text>{name}</Text>. It may have been forgotten.
        </p>
        <a href="#jobs">All jobs</a>
      </Empty>
    );
  }
  if (!job.value) return <Problem of={job.problem} />;
  const runs = history.value?.runs ?? [];
  const kept = history.value;
  return (
    <>
      <Problem of={job.problem} />
      <div class="job-head">
        <h2>
          <Text>{name}</Text>
        </h2>
        <p class="states">
          <StateBadge job={job.value.job} all />
        </p>
        <Actions reply={job.value} onDone={onDone} />
      </div>
      <LastError runs={runs} />
      <div class="job-body">
        <Facts reply={job.value} />
        <section aria-label="History">
          <Plot
            title="Duration"
            runs={runs.slice(0, 100)}
            of="durationMs"
            onPick={(i) => setPicked(keyOf(runs[i]))}
          />
          <Plot
            title="Lateness"
            runs={runs.slice(0, 100)}
            of="lateness"
            onPick={(i) => setPicked(keyOf(runs[i]))}
          />
          {runs.length > 0 && <Legend />}
          <h3>Runs</h3>
          <Problem of={history.problem} />
          {kept && runs.length === 0 && <p class="soft">No run is kept in its history.</p>}
          <ol class="runs">
            {runs.map((run) => (
              <Run key={keyOf(run)} run={run} isPicked={picked === keyOf(run)} />
            ))}
          </ol>
          {runs.length === last && last < MOST_RUNS && (
            <button type="button" class="more" onClick={() => setLast(Math.min(MOST_RUNS, last * 4))}>
              Show more runs
            </button>
          )}
        </section>
      </div>
    </>
  );
}

function keyOf(run: RunRecord | undefined): string {
  return run ? `${run.startedAt} ${run.by} ${run.slot}` : '';
}

/** Why the last run failed, shown first. */
function LastError({ runs }: { runs: readonly RunRecord[] }) {
  const [run] = runs;
  if (!run || !isFailure(run.outcome)) return null;
  return (
    <section class="last-error" aria-label="The last run">
      <h3>
        Why the last run{' '}
        {run.outcome === 'failed' ? 'failed' : run.outcome === 'died' ? 'died' : 'was abandoned'},{' '}
        <When at={run.startedAt} />
      </h3>
      {run.outcome === 'died' ? (
        <p class="error-note">
          Its process on <bdi>{place(run)}</bdi> ended before the run did: it crashed, was killed, or lost its
          machine.
        </p>
      ) : (
        <ErrorText error={run.error} details={run.details} />
      )}
    </section>
  );
}

function Run({ run, isPicked }: { run: RunRecord; isPicked: boolean }) {
  const now = useNow();
  const item = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (!isPicked) return;
    item.current?.scrollIntoView({ block: 'center' });
    item.current?.querySelector('summary')?.focus();
  }, [isPicked]);
  const why = run.slot === null ? 'demanded' : `slot ${clock(run.slot, now)}`;
  const line = (
    <>
      <OutcomeBadge outcome={run.outcome} />
      <time title={exact(run.startedAt)}>{clock(run.startedAt, now)}</time>
      <span class="num">{run.outcome === 'died' ? '' : span(run.durationMs)}</span>
      <span class="soft late">{`${span(run.lateness)} late`}</span>
      <span class="soft where">
        <bdi>{place(run)}</bdi>
        {run.recovered && ', recovered'}
        {run.slot === null && ', demanded'}
      </span>
      {run.error !== null && (
        <span class="why">
          <Text>{run.error}</Text>
        </span>
      )}
    </>
  );
  return (
    <li ref={item} class={isPicked ? 'picked' : ''}>
      <details open={isPicked}>
        <summary>{line}</summary>
        <p class="soft">
          {why}, started {exact(run.startedAt)} on <bdi>{place(run)}</bdi> (instance {run.by})
        </p>
        {run.error !== null && <ErrorText error={run.error} details={run.details} />}
      </details>
    </li>
  );
}

/** The plan, the next slots, the current run, and the counts. */
function Facts({ reply }: { reply: JobReply }) {
  const now = useNow();
  const { job, next, hiredBy } = reply;
  const [first, ...later] = next;
  return (
    <aside aria-label="Facts">
      <dl>
        <dt>Plan</dt>
        <dd>
          {planWords(job)}
          {job.plan !== null && (
            <small class="mono">
              <Text>{job.plan}</Text>
            </small>
          )}
        </dd>
        {job.tz !== null && (
          <>
            <dt>Zone</dt>
            <dd>
              <Text>{job.tz}</Text>
              <small>now {minute(now, now, job.tz)} there</small>
            </dd>
          </>
        )}
        <dt>Next</dt>
        <dd>
          {first === undefined ? (
            <span class="soft">{whyNoNext(reply)}</span>
          ) : (
            <>
              <When at={first} />, {clock(first, now)}
              {job.tz !== null && <small>{`${clock(first, now, job.tz)} in the plan’s zone`}</small>}
              <ol class="later" aria-label="Slots after that">
                {later.map((slot) => (
                  <li key={slot} title={exact(slot)}>
                    {clock(slot, now)}
                  </li>
                ))}
              </ol>
            </>
          )}
        </dd>
        {job.paused && (
          <>
            <dt>Paused</dt>
            <dd>
              {job.paused.until === null
                ? 'until somebody resumes it'
                : `until ${clock(job.paused.until, now)}`}
              {job.paused.note !== null && (
                <q>
                  <Text>{job.paused.note}</Text>
                </q>
              )}
              <small>
                by <Text>{job.paused.by}</Text>, <When at={job.paused.since} />
              </small>
            </dd>
          </>
        )}
        {job.demandedSince !== null && (
          <>
            <dt>Demanded</dt>
            <dd>
              <When at={job.demandedSince} />
              <small>waiting to run</small>
            </dd>
          </>
        )}
        <dt>Running</dt>
        <dd>
          {job.running ? (
            <>
              on <bdi>{place(job.running)}</bdi>
              {job.running.since !== null && (
                <small>
                  since {clock(job.running.since, now)}, {span(Math.max(0, now - job.running.since))}
                </small>
              )}
              {job.running.lockRestMs === 0 && (
                <small class="bad">without its lock: another run may start</small>
              )}
            </>
          ) : (
            <span class="soft">not now</span>
          )}
        </dd>
        <dt>Hired by</dt>
        <dd>
          {hiredBy.length === 0 ? (
            <span class={job.orphaned ? 'warn' : 'soft'}>
              {job.hirersKnown ? 'no instance' : 'not known now'}
            </span>
          ) : (
            <ul class="plain">
              {hiredBy.slice(0, 8).map(({ id, host, pid, application }) => (
                <li key={id}>
                  <bdi>{place({ by: id, host, pid })}</bdi>{' '}
                  {application !== null && (
                    <span class="soft">
                      <Text>{application}</Text>
                    </span>
                  )}
                </li>
              ))}
              {hiredBy.length > 8 && <li class="soft">and {counted(hiredBy.length - 8, 'more')}</li>}
            </ul>
          )}
        </dd>
        <dt>Counts</dt>
        <dd>
          {counted(job.runs, 'run')}, <span class={job.failures > 0 ? 'bad' : ''}>{job.failures} failed</span>
          , {job.skips} skipped
        </dd>
      </dl>
    </aside>
  );
}

function whyNoNext({ job }: JobReply): string {
  if (job.fired) return 'none: it was fired';
  if (job.paused) return 'none until it is resumed';
  return job.plan === null ? 'runs on demand only' : 'none';
}
