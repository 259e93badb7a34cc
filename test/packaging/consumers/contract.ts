// What code that is written today may count on, and what must not compile; under every set-up of packaging.test.ts.
// Releases may add to it. A line that has to go is a breaking change.
import { once } from 'node:events';
import type { JobDefinition, Qa, RunContext, RunOptions } from 'bossman';
import Bossman, {
  BossmanError,
  type BossmanErrorCode,
  type BossmanEvents,
  type BossmanListener,
  type BossmanOptions,
  nextSlots,
} from 'bossman';
import { Cluster, Redis } from 'ioredis';

/** Never called, as is all that follows: it is written for the compiler. */
export function events(fred: Bossman): void {
  fred.on('start', (event) => {
    const run: { job: string; slot: number | null; demandedAt: number | null; recovered: boolean } = event;
    const times: { startedAt: number; lateness: number } = event;
    return [run, times];
  });
  fred.once('finish', (event) => {
    const end: { job: string; slot: number | null; duration: number; vetoed: boolean } = event;
    return end;
  });
  fred.addListener('fail', ({ duration, cause }) => {
    const ms: number = duration;
    // @ts-expect-error: anything can be thrown
    const error: Error = cause;
    return [ms, error];
  });
  fred.prependListener('skip', ({ job, slot, through, why }) => {
    const reason: 'locked' | 'missed' | 'expired' | 'quit' = why;
    return [job.length, slot + through, reason];
  });
  fred.on('lost', ({ slot, why }) => {
    const reason: 'expired' | 'renewal' | 'taken' | 'quit' | 'died' = why;
    // @ts-expect-error: a demand has no slot
    slot.toFixed();
    return reason;
  });
  fred.on('pause', ({ job, since, until, note, by }) => {
    const end: number | null = until;
    const why: string | null = note;
    return [job.length, since.toFixed(), end, why, by.length];
  });
  fred.on('resume', ({ job, since, by }) => {
    const who: string | null = by;
    return [job.length, since.toFixed(), who];
  });
  fred.on('plan', ({ job, plan, own }) => [job, plan, own].map((text) => text.length));
  fred.on('error', (error) => {
    const told: BossmanError & Error = error;
    const code: BossmanErrorCode = error.code;
    const job: string | null = error.job;
    return [told, code, job];
  });
  const listener = (...[event]: BossmanEvents['finish']) => event.duration;
  const typed: BossmanListener<'finish'> = listener;
  const same: Bossman = fred.on('finish', listener).off('finish', typed);
  void once(same, 'finish').then(([event]) => event);

  // @ts-expect-error: `duration` is not known at the start
  fred.once('start', (event) => event.duration);
  // @ts-expect-error: a listener that wants what the event does not give
  fred.on('skip', (event: { job: string; cause: Error }) => event.cause);
}

export function options(): Bossman[] {
  const none: undefined = undefined;
  const all: Required<BossmanOptions> = {
    connection: 6379,
    prefix: '{shop}',
    ttl: 500,
    keepAlive: true,
    recover: true,
    misfire: 'skip',
    jitter: '15 minutes',
    tz: 'Asia/Tokyo',
    history: 10,
    concurrency: Number.POSITIVE_INFINITY,
    disableRedisConfig: true,
  };
  const perJob: RunOptions = { ttl: all.ttl, misfire: none, history: { runs: 10, errors: false } };
  const instances = [
    new Bossman(),
    new Bossman({}),
    new Bossman(all),
    new Bossman({ ...perJob, connection: 'rediss://redis.example' }),
    new Bossman({ connection: '/run/redis.sock', prefix: none }),
    new Bossman({ connection: { host: 'localhost', port: 6379, tls: {}, keyPrefix: 'a:' } }),
    new Bossman({ connection: { sentinels: [{ host: 'localhost', port: 26379 }], name: 'mymaster' } }),
    new Bossman({ connection: new Redis({ lazyConnect: true }) }),
    new Bossman({ connection: new Cluster([{ host: 'localhost', port: 7000 }], { lazyConnect: true }) }),
  ];
  // @ts-expect-error: the original's constructor took one argument, too
  new Bossman('localhost', 6379);
  // @ts-expect-error: not a connection
  new Bossman({ connection: true });
  // @ts-expect-error: ms, not a phrase
  new Bossman({ ttl: '2 seconds' });
  // @ts-expect-error: a number
  new Bossman({ concurrency: '20' });
  // @ts-expect-error: neither run nor skip
  new Bossman({ misfire: 'later' });
  // @ts-expect-error: yes or no
  new Bossman({ history: { errors: 'message' } });
  // @ts-expect-error: every is said per job
  new Bossman({ every: '1 minute' });
  // @ts-expect-error: cannot be null
  new Bossman({ prefix: null });
  return instances;
}

export async function jobs(fred: Bossman): Promise<void> {
  const work = (context: RunContext) => context.job;
  const hired: Promise<void> = fred.hire('phrase', { every: '10 minutes', work });
  await hired;
  await fred.hire('ms', { every: 600_000, work: () => {} });
  await fred.hire('cron', { cron: '0 9 * * MON-FRI', tz: 'Europe/Helsinki', work: async () => 'any result' });
  await fred.hire('demand only', { work, every: undefined, cron: undefined });
  await fred.hire('all', { work, ttl: 1, keepAlive: false, recover: true, misfire: 'run' });
  class Report {
    #count = 0;
    readonly every = '10 minutes';
    title = 'a field that is no option';
    work(context: RunContext): number {
      const spread: RunContext = { ...context };
      this.#count += spread.job.length;
      return this.#count;
    }
  }
  await fred.hire('of a class', new Report());
  await fred.hire('context', {
    work({ job, slot, demandedAt, recovered, signal }) {
      const when: number | null = slot ?? demandedAt;
      const again: boolean = recovered;
      const abort: AbortSignal = signal;
      return [job.length, when, again, abort];
    },
  });
  await fred.hire('jitter', { work, cron: '0 3 * * *', jitter: 900_000, misfire: { within: '6 hours' } });
  const coming: number[] = await fred.next('ms', { count: 2 });
  nextSlots({ cron: '0 3 * * *', tz: 'Asia/Tokyo' }, { count: 3, after: new Date(0) }).concat(coming);
  const told: Promise<void>[] = [fred.demand('ms'), fred.fire('ms'), fred.quit(), fred.quit({ timeout: 0 })];
  await Promise.all(told);

  // @ts-expect-error: a plan has one pattern
  nextSlots({ cron: 5 });
  // @ts-expect-error: no definition
  fred.hire('job');
  // @ts-expect-error: no name
  fred.hire({ work });
  // @ts-expect-error: work is called with one context
  fred.hire('job', { work: (job: string, slot: number) => [job, slot] });
  // @ts-expect-error: a Date is not an interval
  fred.hire('job', { every: new Date(), work });
  // @ts-expect-error: a pattern is a string
  fred.hire('job', { cron: 5, work });
  // @ts-expect-error: a prefix is the whole instance's
  fred.hire('job', { prefix: 'other', work });
  // @ts-expect-error: a demand carries no payload
  fred.demand('job', { to: 'ann' });
  // @ts-expect-error: ms
  fred.quit({ timeout: '1s' });
  fred.hire('job', {
    work(context) {
      // @ts-expect-error: the context of a run is read-only
      context.slot = 0;
    },
  });
}

export async function inspection(fred: Bossman): Promise<void> {
  const [run] = await fred.history('job', { last: 1 });
  if (!run) return;
  const outcome: 'done' | 'failed' | 'vetoed' | 'abandoned' | 'died' = run.outcome;
  // Null in what an earlier version recorded.
  const [host, pid]: [string | null, number | null] = [run.host, run.pid];
  const message: string | null = run.error;
  const details: Bossman.ErrorDetails | null = run.details;
  const stack: string | null | undefined = details?.stack;
  const within: Bossman.ErrorDetails[] = details
    ? [...(details.cause ? [details.cause] : []), ...details.errors]
    : [];
  // @ts-expect-error: a run that is done has none
  run.details.name;
  const [job] = await fred.jobs();
  const last: Bossman.RunRecord | null | undefined = job?.lastRun;
  await fred.hire('object', {
    work: () => [outcome, host, pid, message, stack, within, last],
    history: { runs: 5 },
  });
}

export async function pauses(fred: Bossman): Promise<void> {
  const until: Required<Bossman.PauseOptions> = { until: new Date(), note: 'why' };
  await fred.pause('job', until);
  await fred.pause('job', { until: '2 hours' });
  await fred.pause('job', { until: 1e12, note: undefined });
  const done: Promise<void> = fred.resume('job');
  const wasThere: boolean = await fred.forget('job');
  // @ts-expect-error: neither an instant nor a duration
  await fred.pause('job', { until: true });
  const [job] = await fred.jobs();
  const paused: Bossman.PausedInfo | null | undefined = job?.paused;
  const end: number | null | undefined = paused?.until;
  await done.then(() => (wasThere ? end : null));
}

export function qas(fred: Bossman): void {
  const timing: Qa = async (name, definition, next) => {
    const result: unknown = await next();
    definition.work = () => result;
    definition.ttl = name.length;
    return result;
  };
  fred.qa(timing);
  fred.qa(() => {});
  const registered: readonly Qa[] = fred.qas;
  const read: [string, number, string | undefined, number] = [
    fred.prefix,
    fred.ttl,
    fred.tz,
    registered.length,
  ];
  // @ts-expect-error: options are given to the constructor, once
  fred.ttl = read[1];
  fred.qa((_name: string, definition: JobDefinition) => definition.work.length);
  // @ts-expect-error: not a function
  fred.qa('timing');
  // @ts-expect-error: next takes nothing
  fred.qa((name, definition, next) => next(name, definition));
}

export function parts(fred: Bossman): void {
  // @ts-expect-error: private, other than in the original
  fred.client;
  // @ts-expect-error: private
  fred.hired;
  // @ts-expect-error: a class
  Bossman();
  // @ts-expect-error: no such code
  new BossmanError('OOPS', 'message');
  const failed = new BossmanError('WORK_FAILED', 'message', 'job', new Error('cause'));
  // @ts-expect-error: codes are for reading
  failed.code = 'QUIT';
}

export async function disposes(): Promise<void> {
  const fred = new Bossman();
  const disposed: PromiseLike<void> = fred[Symbol.asyncDispose]();
  await disposed;
}
