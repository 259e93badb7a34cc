import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import Bossman, { type BossmanOptions } from '../../src';
import { instrument } from '../../src/otel';
import { type TestFleet, testFleet } from '../../src/testing';
import { web } from '../../src/web';
import { Counted } from '../support/counted';

const START = Date.parse('2026-03-28T00:00:00Z');
const HOUR = 3_600_000;

let fleet: TestFleet;
beforeEach(() => {
  fleet = testFleet({ now: START });
});
afterEach(() => fleet.close());

/** The two ways to get an instance of a fleet in memory. */
const WAYS: [string, (options?: BossmanOptions) => Bossman][] = [
  ['made by the fleet', (options) => fleet.bossman(options)],
  ['made by the service', (options) => new Bossman({ ...options, connection: fleet.connection })],
];

const work = () => {};
const hourly = { every: '1 hour', work };
const slotsOf = (name: string) => fleet.runs(name).map(({ slot }) => slot);
const hours = (...list: number[]) => list.map((hour) => START + hour * HOUR);

type Join = (options?: BossmanOptions) => Bossman;

/** By method of `Bossman`: what shows that it works. */
const METHODS: Record<string, (join: Join) => Promise<void>> = {
  async hire(join) {
    await join().hire('a', hourly);
    await fleet.advance('2 hours');
    expect(slotsOf('a')).toEqual(hours(1, 2));
  },

  async demand(join) {
    await join().hire('a', { work });
    await join().demand('a');
    await fleet.advance(0);
    expect(fleet.runs('a')).toMatchObject([{ slot: null, demandedAt: START, outcome: 'done' }]);
  },

  async fire(join) {
    await join().hire('a', hourly);
    await join().fire('a');
    await fleet.advance('1 day');
    expect(fleet.runs('a')).toEqual([]);
  },

  async pause(join) {
    await join().hire('a', hourly);
    await join().pause('a', { until: '90 minutes' });
    await fleet.advance('3 hours');
    expect(slotsOf('a')).toEqual(hours(2, 3));
  },

  async resume(join) {
    const fred = join();
    await fred.hire('a', hourly);
    await fred.pause('a');
    await fleet.advance('2.5 hours');
    await join().resume('a');
    await fleet.advance('1 hour');
    expect(slotsOf('a')).toEqual(hours(3));
  },

  async forget(join) {
    const fred = join();
    await fred.hire('a', hourly);
    await fleet.advance('1 hour');
    await fred.quit();
    const other = join();
    expect(await other.history('a')).toHaveLength(1);
    expect(await other.forget('a')).toBe(true);
    expect(await other.jobs()).toEqual([]);
    expect(await other.history('a')).toEqual([]);
  },

  async jobs(join) {
    await join().hire('a', hourly);
    await fleet.advance('1 hour');
    expect(await join().jobs()).toMatchObject([
      { name: 'a', plan: 'every 3600000', nextSlot: START + 2 * HOUR, runs: 1, failures: 0 },
    ]);
  },

  async fleet(join) {
    const fred = join();
    await fred.hire('a', { every: '1 hour', work: () => fleet.sleep('1 minute'), ttl: 120_000 });
    await fleet.advance('1 hour');
    expect(await join().fleet()).toContainEqual(
      expect.objectContaining({ id: fred.id, running: [expect.objectContaining({ job: 'a' })] }),
    );
  },

  async history(join) {
    await join().hire('a', hourly);
    await fleet.advance('3 hours');
    expect((await join().history('a', { last: 2 })).map(({ slot }) => slot)).toEqual(hours(3, 2));
  },

  async next(join) {
    await join().hire('a', { cron: '0 9 * * *', tz: 'Europe/Helsinki', work });
    // The clocks there go forward in the second night.
    expect(await join().next('a', { count: 2 })).toEqual(hours(7, 30));
  },

  async qa(join) {
    const fred = join();
    fred.qa((name, _definition, next) => (name === 'vetoed' ? null : next()));
    for (const name of ['vetoed', 'done']) await fred.hire(name, hourly);
    await fleet.advance('1 hour');
    expect(fleet.runs('vetoed')).toMatchObject([{ outcome: 'vetoed' }]);
    expect(fleet.runs('done')).toMatchObject([{ outcome: 'done' }]);
  },

  async quit(join) {
    const [fred, other] = [join(), join()];
    fred.on('error', () => {});
    for (const instance of [fred, other]) await instance.hire('a', hourly);
    await fred.quit();
    await fleet.advance('1 hour');
    expect(fleet.runs('a')).toMatchObject([{ slot: START + HOUR, by: other.id }]);
    await expect(fred.demand('a')).rejects.toThrow('quit');
  },
};

/** What else works. */
const OTHERS: Record<string, (join: Join) => Promise<void>> = {
  async events(join) {
    const fred = join();
    const told: string[] = [];
    fred.on('start', ({ job }) => told.push(`start ${job}`));
    fred.on('finish', ({ job }) => told.push(`finish ${job}`));
    fred.on('fail', ({ job }) => told.push(`fail ${job}`));
    fred.on('error', ({ code, job }) => told.push(`${code} ${job}`));
    await fred.hire('good', { work });
    await fred.hire('bad', { work: () => Promise.reject(new Error('no')) });
    for (const name of ['good', 'bad']) {
      await fred.demand(name);
      await fleet.advance(0);
    }
    expect(told).toEqual(['start good', 'finish good', 'start bad', 'fail bad', 'WORK_FAILED bad']);
  },

  async misfire(join) {
    const gone = join();
    await gone.hire('runs', hourly);
    await gone.hire('skips', { ...hourly, misfire: 'skip' });
    await gone.hire('within', { ...hourly, misfire: { within: '90 minutes' } });
    await gone.quit();
    await fleet.advance('3.75 hours');
    const fred = join();
    await fred.hire('runs', hourly);
    await fred.hire('skips', { ...hourly, misfire: 'skip' });
    await fred.hire('within', { ...hourly, misfire: { within: '90 minutes' } });
    await fleet.advance(0);
    expect({ runs: slotsOf('runs'), skips: slotsOf('skips'), within: slotsOf('within') }).toEqual({
      runs: hours(1),
      skips: [],
      within: hours(3),
    });
  },

  async keepAlive(join) {
    const fred = join();
    const lost: string[] = [];
    fred.on('lost', ({ job }) => lost.push(job));
    const long = { every: '1 hour', ttl: 1000, work: () => fleet.sleep('10 seconds') };
    await fred.hire('kept', { ...long, keepAlive: true });
    await fred.hire('not kept', long);
    await fleet.advance('1 hour');
    await fleet.advance('10 seconds');
    expect(lost).toEqual(['not kept']);
    expect(fleet.runs('kept')).toMatchObject([{ durationMs: 10_000 }]);
  },

  async 'crash and recover'(join) {
    const [fred, other] = [join(), join()];
    const definition = { every: '1 hour', ttl: 5000, recover: true };
    await fred.hire('a', { ...definition, work: () => fleet.sleep('3 seconds') });
    await fleet.advance('1 hour');
    await other.hire('a', { ...definition, work });
    fleet.crash(fred);
    await fleet.advance('1 minute');
    expect(fleet.runs('a')).toMatchObject([
      { recovered: true, by: other.id },
      { outcome: 'died', by: fred.id },
    ]);
  },

  async concurrency(join) {
    const fred = join({ concurrency: 2 });
    const counted = new Counted(() => fleet.sleep('5 seconds'));
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of names) await fred.hire(name, { every: '1 hour', work: counted.work });
    await fleet.advance('1 hour');
    await fleet.advance('1 minute');
    expect(counted.most).toBe(2);
    expect(names.map((name) => fleet.runs(name).length)).toEqual([1, 1, 1, 1, 1]);
  },

  async 'bossman/otel'(join) {
    const spans = new InMemorySpanExporter();
    const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
    const fred = join();
    const undo = instrument({ instance: fred, tracerProvider });
    await fred.hire('a', hourly);
    await fleet.advance('1 hour');
    undo();
    expect(spans.getFinishedSpans()).toMatchObject([
      {
        name: 'run a',
        attributes: { 'bossman.run.slot': '2026-03-28T01:00:00.000Z', 'bossman.run.outcome': 'done' },
      },
    ]);
    await tracerProvider.shutdown();
  },

  async 'bossman/web'(join) {
    const fred = join();
    fred.on('error', () => {});
    const pages = web(join(), { authorize: () => ({ access: 'write', who: 'ann' }) });
    await fred.hire('report', hourly);
    await fred.hire('broken', { work: () => Promise.reject(new Error('no such table')) });
    await fred.demand('broken');
    await fleet.advance('1 hour');
    const ask = async (path: string, init?: RequestInit) => {
      const response = await pages.fetch(new Request(`http://localhost/${path}`, init));
      expect({ path, status: response.status }).toEqual({ path, status: 200 });
      return response.json();
    };
    expect(await ask('api/jobs')).toMatchObject({
      now: START + HOUR,
      instances: 2,
      // What `bossman check` looks for, too.
      jobs: [
        { name: 'broken', attention: ['failing'], failures: 1 },
        { name: 'report', attention: [], recent: [{ slot: START + HOUR }] },
      ],
    });
    expect(await ask('api/fleet')).toMatchObject({ instances: [{}, {}] });
    const headers = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' };
    await ask('api/jobs/report/demand', { method: 'POST', headers, body: '{}' });
    await fleet.advance(0);
    expect(fleet.runs('report')).toHaveLength(2);
    await ask('api/jobs/report/pause', { method: 'POST', headers, body: '{"note":"why"}' });
    expect(await fred.jobs()).toContainEqual(
      expect.objectContaining({ name: 'report', paused: expect.objectContaining({ note: 'why' }) }),
    );
  },
};

describe.each(WAYS)('with an instance that is %s, in memory', (_way, join) => {
  it.each(Object.entries(METHODS))('%s() works', (_method, show) => show(join));
  it.each(Object.entries(OTHERS))('%s works', (_what, show) => show(join));
});

it('every method of an instance is shown to work in memory', () => {
  const own = Object.entries(Object.getOwnPropertyDescriptors(Bossman.prototype));
  const methods = own.flatMap(([name, { value }]) => (typeof value === 'function' ? [name] : []));
  expect(methods.sort()).toEqual(['constructor', ...Object.keys(METHODS)].sort());
});
