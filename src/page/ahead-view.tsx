import { useMemo, useState } from 'preact/hooks';
import type { AheadReply } from '../web/api';
import { type Live, useAhead } from './data';
import { clock, counted, minute } from './format';
import { hrefOf, useNow } from './hooks';
import { Empty, Text } from './parts';
import { Problem } from './problem';

const HOUR = 3_600_000;
const BIN_MS = HOUR / 4;
/** The most jobs that are drawn; more would be indistinguishable. */
const LANES = 60;
/** The width of a drawing in its own units: ten for each quarter of an hour. */
const WIDTH = 960;

type Job = AheadReply['jobs'][number];

/** The next 24 hours: how many jobs start when, and which. */
export function AheadView({ live }: { live: Live }) {
  const { value, problem } = useAhead(live);
  return (
    <>
      <Problem of={problem} />
      {value && <Ahead reply={value} />}
    </>
  );
}

function Ahead({ reply }: { reply: AheadReply }) {
  const [picked, setPicked] = useState<number | null>(null);
  const now = useNow();
  const { now: from, until } = reply;
  const coming = useMemo(() => reply.jobs.filter(({ slots }) => slots.length > 0), [reply]);
  // Jobs that start all the time would hide the collisions of others.
  const frequent = coming.filter(({ more }) => more);
  const others = useMemo(() => coming.filter(({ more }) => !more), [coming]);
  const bins = useMemo(() => binsOf(others, from, until), [others, from, until]);
  const collisions = useMemo(() => collisionsIn(others), [others]);
  if (coming.length === 0) {
    return (
      <Empty title="Nothing is planned in the next 24 hours">
        <p>Jobs without a plan, fired jobs and paused jobs have no slots.</p>
      </Empty>
    );
  }
  const most = Math.max(1, ...bins);
  const inPicked = picked === null ? [] : startsIn(others, from + picked * BIN_MS, BIN_MS);
  return (
    <>
      <section aria-label="Starts per quarter of an hour">
        <h2>
          Starts in the next 24 hours{' '}
          <span class="soft">
            {counted(
              bins.reduce((sum, count) => sum + count, 0),
              'start',
            )}{' '}
            of {counted(others.length, 'job')}, at most {most} in a quarter of an hour
          </span>
        </h2>
        <div
          class="ahead-bins"
          role="slider"
          tabIndex={0}
          aria-label="Quarter of an hour"
          aria-valuemin={0}
          aria-valuemax={bins.length - 1}
          aria-valuenow={picked ?? 0}
          aria-valuetext={
            picked === null
              ? 'none picked'
              : `${minute(from + picked * BIN_MS, now)}, ${counted(inPicked.length, 'start')}`
          }
          onClick={({ currentTarget, clientX }) => {
            const { left, width } = currentTarget.getBoundingClientRect();
            setPicked(Math.floor(((clientX - left) / width) * bins.length));
          }}
          onKeyDown={(event) => {
            const step = { ArrowRight: 1, ArrowLeft: -1, Home: -bins.length, End: bins.length }[event.key];
            if (event.key === 'Escape') setPicked(null);
            if (step === undefined) return;
            event.preventDefault();
            setPicked(Math.min(bins.length - 1, Math.max(0, (picked ?? -1) + step)));
          }}
        >
          <svg viewBox={`0 0 ${WIDTH} 80`} preserveAspectRatio="none" aria-hidden="true">
            {picked !== null && (
              <rect
                class="picked"
                x={(WIDTH / bins.length) * picked}
                width={WIDTH / bins.length}
                height="80"
              />
            )}
            <path
              class="bar late"
              d={bins
                .map((count, i) => {
                  const tall = 76 * (count / most);
                  return tall === 0 ? '' : `M${10 * i + 1} 80v${-tall}h8v${tall}Z`;
                })
                .join('')}
            />
          </svg>
        </div>
        <Hours from={from} until={until} />
        <p class="picked-bin" aria-live="polite">
          {picked === null ? (
            <span class="soft">Pick a bar (or use the arrow keys on the chart) to see what starts then.</span>
          ) : (
            <>
              <strong>
                {minute(from + picked * BIN_MS, now)} to {minute(from + (picked + 1) * BIN_MS, now)}:
              </strong>{' '}
              {inPicked.length === 0 ? 'nothing starts.' : <Starts starts={inPicked} now={now} />}
            </>
          )}
        </p>
      </section>
      {collisions.length > 0 && (
        <section class="collisions">
          <h2>
            At the same time <span class="soft">jobs whose slots fall within the same second</span>
          </h2>
          <ul class="plain">
            {collisions.slice(0, 8).map(({ at, names }) => (
              <li key={at}>
                <time>{clock(at, now)}</time> <b>{counted(names.length, 'job')}</b> <Names names={names} />
              </li>
            ))}
          </ul>
        </section>
      )}
      <section aria-label="Timeline of each job">
        <h2>
          Each job {coming.length > LANES && <span class="soft">the {LANES} that start least often</span>}
        </h2>
        <ul class="lanes">
          {rarestFirst(coming)
            .slice(0, LANES)
            .map((job) => (
              <Lane key={job.name} job={job} from={from} until={until} />
            ))}
        </ul>
        <Hours from={from} until={until} inLanes />
        {frequent.length > 0 && (
          <p class="soft">
            {counted(frequent.length, 'job')} {frequent.length === 1 ? 'starts' : 'start'} more than{' '}
            {Math.min(...frequent.map(({ slots }) => slots.length))} times a day: drawn as a band, and not
            counted above.
          </p>
        )}
      </section>
    </>
  );
}

function Lane({ job, from, until }: { job: Job; from: number; until: number }) {
  const x = (at: number) => Math.round(((at - from) / (until - from)) * WIDTH * 10) / 10;
  return (
    <li>
      <a href={hrefOf({ view: 'job', name: job.name })}>
        <Text>{job.name}</Text>
      </a>
      <svg
        viewBox={`0 0 ${WIDTH} 14`}
        preserveAspectRatio="none"
        role="img"
        aria-label={job.more ? 'all the time' : counted(job.slots.length, 'start')}
      >
        <path class="grid" d={`M0 13.5H${WIDTH}`} />
        {job.more ? (
          <rect
            class="band"
            x={x(job.slots[0] ?? from)}
            y="4"
            width={WIDTH - x(job.slots[0] ?? from)}
            height="8"
          />
        ) : (
          <path class="ticks" d={job.slots.map((slot) => `M${x(slot)} 2V13`).join('')} />
        )}
      </svg>
    </li>
  );
}

/** The hours below a timeline. */
function Hours({ from, until, inLanes = false }: { from: number; until: number; inLanes?: boolean }) {
  const marks: number[] = [];
  for (let at = new Date(from).setMinutes(60, 0, 0); at < until; at += HOUR) {
    if (new Date(at).getHours() % 3 === 0) marks.push(at);
  }
  return (
    <div class={inLanes ? 'hours in-lanes' : 'hours'} aria-hidden="true">
      {marks.map((at) => (
        <span key={at} style={{ left: `${((at - from) / (until - from)) * 100}%` }}>
          {String(new Date(at).getHours()).padStart(2, '0')}
        </span>
      ))}
    </div>
  );
}

function Starts({ starts, now }: { starts: readonly { name: string; at: number }[]; now: number }) {
  return (
    <>
      {starts.slice(0, 30).map(({ name, at }) => (
        <span key={`${name} ${at}`} class="start">
          {minute(at, now)}{' '}
          <a href={hrefOf({ view: 'job', name })}>
            <Text>{name}</Text>
          </a>
        </span>
      ))}
      {starts.length > 30 && `and ${starts.length - 30} more`}
    </>
  );
}

function Names({ names }: { names: readonly string[] }) {
  return (
    <>
      {names.slice(0, 6).map((name, i) => (
        <span key={name}>
          {i > 0 && ', '}
          <a href={hrefOf({ view: 'job', name })}>
            <Text>{name}</Text>
          </a>
        </span>
      ))}
      {names.length > 6 && ` and ${names.length - 6} more`}
    </>
  );
}

/** The number of slots in each quarter of an hour. */
function binsOf(jobs: readonly Job[], from: number, until: number): number[] {
  const bins = new Array<number>(Math.ceil((until - from) / BIN_MS)).fill(0);
  for (const slot of jobs.flatMap(({ slots }) => slots)) {
    const bin = Math.floor((slot - from) / BIN_MS);
    if (bin >= 0 && bin < bins.length) bins[bin] = (bins[bin] ?? 0) + 1;
  }
  return bins;
}

function startsIn(jobs: readonly Job[], from: number, lengthMs: number): { name: string; at: number }[] {
  return jobs
    .flatMap(({ name, slots }) => slots.map((at) => ({ name, at })))
    .filter(({ at }) => at >= from && at < from + lengthMs)
    .sort((a, b) => a.at - b.at);
}

/** The seconds in which two or more jobs start, those with the most jobs first. */
function collisionsIn(jobs: readonly Job[]): { at: number; names: string[] }[] {
  const bySecond = new Map<number, Set<string>>();
  for (const { name, slots } of jobs) {
    for (const slot of slots) {
      const second = Math.floor(slot / 1000) * 1000;
      bySecond.set(second, (bySecond.get(second) ?? new Set()).add(name));
    }
  }
  return [...bySecond]
    .filter(([, names]) => names.size > 1)
    .map(([at, names]) => ({ at, names: [...names] }))
    .sort((a, b) => b.names.length - a.names.length || a.at - b.at);
}

function rarestFirst(jobs: readonly Job[]): Job[] {
  return jobs.toSorted(
    (a, b) =>
      Number(a.more) - Number(b.more) ||
      a.slots.length - b.slots.length ||
      (a.slots[0] ?? 0) - (b.slots[0] ?? 0),
  );
}
