import { createHash } from 'node:crypto';
import type { ErrorDetails, InstanceInfo, RunRecord } from '../../src/info';
import { nextSlots } from '../../src/schedule/next-slots';
import type { Attention, JobSummary } from '../../src/web/api';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A made-up job, with all that the API says of it. */
export interface FakeJob {
  summary: JobSummary;
  /** The newest first. */
  runs: RunRecord[];
  /** From the next one on, those of 24 hours, and at least 5, but at most 301. */
  coming: number[];
}

/** A made-up fleet: the same for the same moment. */
export interface FakeFleet {
  now: number;
  jobs: Map<string, FakeJob>;
  instances: InstanceInfo[];
}

interface Recipe {
  name: string;
  plan: string | null;
  words?: string;
  tz?: string;
  everyMs: number | null;
  cron?: string;
  /** Outcomes of the last runs, the newest last: `.` done, `F` failed, `D` died, `A` abandoned, `V` vetoed. */
  outcomes: string;
  takesMs: number;
  /** ms from now. */
  next: number | null;
  attention?: Attention[];
  is?: Partial<JobSummary>;
}

const GOOD = '.'.repeat(60);

const SEVEN: Recipe[] = [
  {
    name: 'invoices',
    plan: 'cron 0 9 * * 1-5 Europe/Helsinki',
    words: 'cron 0 9 * * 1-5',
    tz: 'Europe/Helsinki',
    cron: '0 9 * * 1-5',
    everyMs: DAY,
    outcomes: '...............F....................FFF',
    takesMs: 412,
    next: null,
    attention: ['failing'],
  },
  {
    name: 'newsletter',
    plan: `every ${DAY}`,
    words: 'every 1 day',
    everyMs: DAY,
    outcomes: '............',
    takesMs: 102_000,
    next: 21 * HOUR,
    attention: ['orphaned'],
    is: { orphaned: true, hiredBy: [] },
  },
  { name: 'import', plan: null, everyMs: null, outcomes: '......V...', takesMs: 61_000, next: null },
  {
    name: 'reports',
    plan: `every ${10 * MINUTE}`,
    words: 'every 10 minutes',
    everyMs: 10 * MINUTE,
    outcomes: '...............................A..FF.',
    takesMs: 5_300,
    next: 2 * HOUR + 4 * MINUTE,
  },
  {
    name: 'engineers',
    plan: `every ${10 * MINUTE}`,
    words: 'every 10 minutes',
    everyMs: 10 * MINUTE,
    outcomes: GOOD,
    takesMs: 1_200,
    next: 9 * MINUTE,
  },
  {
    name: 'heartbeat',
    plan: `every ${MINUTE}`,
    words: 'every 1 minute',
    everyMs: MINUTE,
    outcomes: `.......F${GOOD}`,
    takesMs: 14,
    next: 50_000,
  },
  {
    name: 'sitemap',
    plan: `every ${HOUR}`,
    words: 'every 1 hour',
    everyMs: HOUR,
    outcomes: '...............',
    takesMs: 640,
    next: null,
    is: { fired: true },
  },
];

/** A name that shows where text becomes code, or is turned around. */
export const HOSTILE = '<img src=x onerror="document.title=\'owned\'"> \u202egnp.exe';

const WORDS = ['billing', 'search', 'mail', 'stock', 'price', 'feed', 'cache', 'audit', 'token', 'image'];

const DETAILS: ErrorDetails = {
  name: 'SqliteError',
  message: 'no such table: invoices',
  stack:
    '    at Database.prepare (/srv/shop/db.js:88:21)\n    at sendInvoices (/srv/shop/jobs/invoices.js:14:9)\n    at async Runner.run (/srv/shop/node_modules/bossman/dist/runs/run.js:61:5)',
  cause: {
    name: 'Error',
    message: 'read ECONNRESET: connection to db-2 was reset',
    stack: '    at TCP.onStreamRead (node:internal/stream_base_commons:216:20)',
    cause: null,
    errors: [],
    omitted: 0,
  },
  errors: [],
  omitted: 0,
};

/** A fleet of 0, 7 or many jobs, one of them with a hostile name. */
export function makeFakeFleet(count: number, now: number): FakeFleet {
  const fleet: FakeFleet = { now, jobs: new Map(), instances: [] };
  for (const [i, host] of ['web-1', 'web-2', 'worker-1'].entries()) {
    fleet.instances.push({
      id: createHash('sha256').update(host).digest('hex').slice(0, 16),
      host,
      pid: 24_348 + i,
      version: '2.1.0',
      application: i === 2 ? 'warehouse@0.9.2' : 'shop@1.4.0',
      since: now - (i + 1) * 3 * HOUR,
      jobs: [],
      running: [],
    });
  }
  for (const recipe of recipesFor(count)) add(fleet, recipe);
  const importing = fleet.jobs.get('import')?.summary;
  const [first] = fleet.instances;
  if (importing && first) {
    importing.running = {
      by: first.id,
      host: first.host,
      pid: first.pid,
      since: now - 46_000,
      lockRestMs: 1400,
    };
    first.running.push({
      job: 'import',
      since: now - 46_000,
      slot: null,
      demandedAt: now - 46_010,
      lockEndsAt: now + 1400,
    });
  }
  const reports = fleet.jobs.get('reports')?.summary;
  if (reports) {
    const note = 'OPS-12: the warehouse is down';
    reports.paused = { since: now - 20 * MINUTE, until: now + 2 * HOUR, note, by: 'web-2:24349' };
  }
  return fleet;
}

function recipesFor(count: number): Recipe[] {
  if (count <= SEVEN.length) return SEVEN.slice(0, count);
  const more = Array.from({ length: count - SEVEN.length }, (_, i): Recipe => {
    const name =
      i === 0 ? HOSTILE : `${WORDS[i % 10]}-${WORDS[Math.floor(i / 10) % 10]} ${Math.floor(i / 100) + 1}`;
    const everyMs = [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, DAY, 6 * HOUR][i % 6] ?? HOUR;
    return {
      name,
      plan: `every ${everyMs}`,
      words:
        [
          'every 1 minute',
          'every 5 minutes',
          'every 15 minutes',
          'every 1 hour',
          'every 1 day',
          'every 6 hours',
        ][i % 6] ?? '',
      everyMs,
      outcomes: i % 97 === 0 ? `${'.'.repeat(17)}DFF` : `${'.'.repeat(i % 20)}${i % 7 === 0 ? 'F' : ''}.`,
      takesMs: 20 + ((i * 7919) % 4000),
      next: ((i * 104_729) % everyMs) + 2000,
      ...(i % 97 === 0 && { attention: ['failing'] as Attention[] }),
    };
  });
  return [...SEVEN, ...more];
}

const OUTCOMES = { '.': 'done', F: 'failed', D: 'died', A: 'abandoned', V: 'vetoed' } as const;

function add(fleet: FakeFleet, recipe: Recipe): void {
  const { now, instances } = fleet;
  const { name, plan, words = null, tz = null, everyMs, outcomes, takesMs, attention = [], is = {} } = recipe;
  const { past, coming } = slotsOf(recipe, now);
  const runs = [...outcomes].reverse().map((letter, i): RunRecord => {
    const outcome = OUTCOMES[letter as keyof typeof OUTCOMES];
    const slot = past[i] ?? now;
    const by = instances[(i * i + name.length) % 3];
    const lateness = Number((0.6 + ((i * 13) % 9) / 6).toFixed(1));
    const spread = 0.7 + ((i * 37) % 60) / 100;
    const isBad = outcome === 'failed' || outcome === 'abandoned';
    return {
      slot: everyMs === null ? null : slot,
      demandedAt: everyMs === null ? slot : null,
      startedAt: slot + lateness,
      lateness,
      durationMs: outcome === 'died' ? 0 : Math.round(takesMs * spread * (isBad ? 1.6 : 1)),
      outcome,
      error: isBad ? (name === HOSTILE ? HOSTILE : 'no such table: invoices') : null,
      details: isBad ? DETAILS : null,
      by: by?.id ?? '',
      host: by?.host ?? null,
      pid: by?.pid ?? null,
      recovered: false,
    };
  });
  const failures = runs.filter(({ outcome }) => outcome !== 'done' && outcome !== 'vetoed').length;
  const streak = runs.findIndex(({ outcome }) => outcome === 'done');
  const summary: JobSummary = {
    name,
    plan,
    words,
    tz,
    nextSlot: coming[0] ?? null,
    fired: false,
    paused: null,
    demandedSince: null,
    running: null,
    lastRun: runs[0] ? { ...runs[0], details: null } : null,
    orphaned: false,
    hiredBy: instances.map(({ id }) => id),
    hirersKnown: true,
    runs: runs.length * 3,
    failures,
    failuresInARow: Math.max(0, streak),
    overdue: null,
    skips: 0,
    attention,
    recent: runs.slice(0, 20).reverse(),
    ...is,
  };
  if (summary.hiredBy.length > 0) for (const { jobs } of instances) jobs.push({ name, plan });
  fleet.jobs.set(name, { summary, runs, coming });
}

/** The slots of a made-up plan: the past ones from the latest back. */
function slotsOf({ cron, tz, everyMs, next }: Recipe, now: number): { past: number[]; coming: number[] } {
  if (cron !== undefined) {
    const around = nextSlots({ cron, tz }, { after: now - 100 * DAY, count: 90 });
    return {
      past: around.filter((at) => at < now).reverse(),
      coming: around.filter((at) => at > now).slice(0, 5),
    };
  }
  const step = everyMs ?? 7 * HOUR;
  const latest = next === null ? now - 5 * MINUTE : Math.min(now + next - step, now - 20_000);
  const past = Array.from({ length: 70 }, (_, i) => latest - i * step);
  if (next === null || everyMs === null) return { past, coming: [] };
  const count = Math.min(301, Math.max(5, Math.ceil((DAY - next) / everyMs)));
  return { past, coming: Array.from({ length: count }, (_, i) => now + next + i * everyMs) };
}
