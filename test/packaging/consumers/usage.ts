// Compiled and run as .ts, .mts and .cts, under every set-up of packaging.test.ts.
import { deepStrictEqual, strictEqual } from 'node:assert';
import type { EventEmitter } from 'node:events';
import type { BossmanEvents, BossmanOptions, JobDefinition, Qa, RunContext } from 'bossman';
import Default, { Bossman, BossmanError } from 'bossman';

/** Never called: it is written for the compiler. */
export async function use(): Promise<void> {
  const options: BossmanOptions = { connection: { host: 'localhost', db: 1 }, prefix: 'shop', ttl: 500 };
  const fred: Bossman = new Default(options);
  const sally: Default = new Bossman();

  const work = ({ job, signal }: RunContext) => (signal.aborted ? job.length : undefined);
  const nightly: JobDefinition = { cron: '0 3 * * *', tz: 'Europe/Helsinki', misfire: 'skip', work };
  const same: Bossman.JobDefinition = nightly;
  const log: Qa = async (name, definition, next) => [name.length, definition.every, await next()];

  fred.on('start', (event) => event.lateness.toFixed());
  fred.once('fail', ({ cause, duration }) => [cause, duration.toFixed()]);
  fred.on('error', (error) => [error.code === 'QUIT', error.job?.length, error instanceof BossmanError]);
  const told: Bossman.SkipEvent[] = [];
  fred.on('skip', (...event: BossmanEvents['skip']) => told.push(...event));

  fred.qa(log);
  await fred.hire('nightly', same);
  await fred.hire('often', { every: 500, keepAlive: true, work: (context) => context.slot?.toFixed() });
  await fred.demand('often');
  await fred.fire('often');
  await Promise.all([fred.quit({ timeout: 100 }), sally.quit()]);

  // @ts-expect-error: no such event (from 25 on, @types/node takes any name)
  fred.on('begin', () => {});
  // @ts-expect-error: no such property of the event
  fred.on('start', (event) => event.duration);
  // @ts-expect-error: no such option
  new Bossman({ conection: 'redis://localhost' });
  // @ts-expect-error: neither ms nor a phrase
  fred.hire('job', { every: true, work });
  // @ts-expect-error: no work
  fred.hire('job', { every: '1 minute' });
  // @ts-expect-error: no such option of a job
  fred.hire('job', { evrey: '1 minute', work });
}

// The names that the types give values to, which the compiler checks, and those that hang on the class.
type Names = Exclude<keyof typeof Bossman, keyof typeof EventEmitter>;
const names: Record<Names, true> = { Bossman: true, BossmanError: true, default: true, nextSlots: true };
deepStrictEqual(Object.keys(Bossman).sort(), Object.keys(names).sort());

strictEqual(Default, Bossman);
strictEqual(new BossmanError('QUIT', 'over') instanceof Error, true);
