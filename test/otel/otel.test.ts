import { type Attributes, context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import type Bossman from '../../src';
import { instrument } from '../../src/otel';
import { makeFleet } from '../support/fleet';
import { delay, waitFor } from '../support/wait';

const fleet = makeFleet();

const spans = new InMemorySpanExporter();
const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
const tracer = tracerProvider.getTracer('test');
let metrics: InMemoryMetricExporter;
let meterProvider: MeterProvider;
let undo: () => void;

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});

afterAll(async () => {
  context.disable();
  await tracerProvider.shutdown();
});

beforeEach(() => {
  spans.reset();
  metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  // Exports only on request: the interval is longer than any test.
  const reader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 3_600_000 });
  meterProvider = new MeterProvider({ readers: [reader] });
  undo = instrument({ tracerProvider, meterProvider });
});

afterEach(async () => {
  undo();
  await meterProvider.shutdown();
});

async function demandOnce(instance: Bossman, job = 'a'): Promise<void> {
  const ended = () => [...fleet.told.finish, ...fleet.told.fail].filter((event) => event.job === job).length;
  const before = ended();
  await instance.demand(job);
  await waitFor(`a run of ${job}`, () => ended() > before);
}

function spanOf(name: string): ReadableSpan {
  const found = spans.getFinishedSpans().filter((span) => span.name === name);
  const [span] = found;
  if (!span || found.length > 1) throw new Error(`${found.length} spans are called ${name}`);
  return span;
}

async function metric(name: string): Promise<MetricData> {
  metrics.reset();
  await meterProvider.forceFlush();
  const all = metrics.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((of) => of.metrics));
  const found = all.find(({ descriptor }) => descriptor.name === name);
  if (!found) throw new Error(`no metric is called ${name}`);
  return found;
}

async function points(name: string): Promise<{ attributes: Attributes; value: unknown }[]> {
  const { dataPoints } = await metric(name);
  return dataPoints.map(({ attributes, value }: DataPoint<unknown>) => ({ attributes, value }));
}

describe('a run is a span', () => {
  it('named after its job, internal, with the attributes of the run', async () => {
    const fred = fleet.join();
    await fred.hire('a', { every: 100, work: () => {} });
    await waitFor('a slot', () => fleet.told.finish.length > 0);
    await fred.fire('a');
    const [event] = fleet.told.start;
    const [span] = spans.getFinishedSpans();
    expect(span).toMatchObject({ name: 'run a', kind: SpanKind.INTERNAL, ended: true });
    expect(span?.instrumentationScope).toEqual(
      expect.objectContaining({ name: 'bossman', version: expect.stringMatching(/^\d+\.\d+\.\d+/) }),
    );
    expect(span?.status).toEqual({ code: SpanStatusCode.UNSET });
    expect(span?.attributes).toEqual({
      'bossman.job.name': 'a',
      'bossman.job.plan': 'every 100',
      'bossman.instance.id': fred.id,
      'bossman.run.trigger': 'slot',
      'bossman.run.slot': new Date(event?.slot ?? 0).toISOString(),
      'bossman.run.lateness': (event?.lateness ?? 0) / 1000,
      'bossman.run.outcome': 'done',
    });
  });

  it('with status ERROR and the exception, when it fails', async () => {
    fleet.allowErrors(/^WORK_FAILED/);
    const fred = fleet.join();
    await fred.hire('a', { work: () => Promise.reject(new RangeError('too much')) });
    await demandOnce(fred);
    const span = spanOf('run a');
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'too much' });
    expect(span.attributes).toMatchObject({
      'error.type': 'RangeError',
      'bossman.run.outcome': 'failed',
      'bossman.run.trigger': 'demand',
      'bossman.run.demanded_at': new Date(fleet.told.start[0]?.demandedAt ?? 0).toISOString(),
    });
    expect(span.events.map(({ name, attributes }) => ({ name, attributes }))).toEqual([
      {
        name: 'exception',
        attributes: expect.objectContaining({
          'exception.type': 'RangeError',
          'exception.message': 'too much',
        }),
      },
    ]);
  });

  it.each([['a string'], [undefined], [Object.create(null)]])(
    'also when it fails by throwing %p',
    async (thrown) => {
      fleet.allowErrors(/^WORK_FAILED/);
      const fred = fleet.join();
      await fred.hire('a', { work: () => Promise.reject(thrown) });
      await demandOnce(fred);
      const { status, attributes } = spanOf('run a');
      expect({ code: status.code, type: attributes['error.type'] }).toEqual({
        code: SpanStatusCode.ERROR,
        type: '_OTHER',
      });
    },
  );

  it('without an error, when a QA vetoes it', async () => {
    const fred = fleet.join();
    fred.qa(() => {});
    await fred.hire('a', { work: () => {} });
    await demandOnce(fred);
    const { status, attributes } = spanOf('run a');
    expect({ code: status.code, outcome: attributes['bossman.run.outcome'] }).toEqual({
      code: SpanStatusCode.UNSET,
      outcome: 'vetoed',
    });
  });
});

describe('the span of a run', () => {
  it('is the parent of the spans that QAs and work make, however deep', async () => {
    const fred = fleet.join();
    fred.qa(async (_name, _definition, next) => {
      tracer.startSpan('before').end();
      await next();
      tracer.startSpan('after').end();
    });
    const work = async () => {
      await delay(1);
      await tracer.startActiveSpan('work', async (span) => {
        await delay(1);
        tracer.startSpan('deep in work').end();
        span.end();
      });
    };
    await fred.hire('a', { work });
    await demandOnce(fred);
    const run = spanOf('run a').spanContext();
    for (const name of ['before', 'after', 'work']) {
      const { parentSpanContext } = spanOf(name);
      expect({ name, parent: parentSpanContext?.spanId }).toEqual({ name, parent: run.spanId });
    }
    expect(spanOf('deep in work').parentSpanContext?.spanId).toBe(spanOf('work').spanContext().spanId);
    expect(new Set(spans.getFinishedSpans().map((span) => span.spanContext().traceId)).size).toBe(1);
  });

  it('belongs to that run only, when several are in progress', async () => {
    const fred = fleet.join();
    const names = ['a', 'b', 'c'];
    let working = 0;
    const work = async ({ job }: Bossman.RunContext) => {
      working += 1;
      await waitFor('all to work', () => working === names.length);
      tracer.startSpan(`work of ${job}`).end();
    };
    for (const name of names) await fred.hire(name, { ttl: 60_000, work });
    await Promise.all(names.map((name) => demandOnce(fred, name)));
    for (const name of names) {
      const parent = spanOf(`work of ${name}`).parentSpanContext?.spanId;
      expect({ name, parent }).toEqual({ name, parent: spanOf(`run ${name}`).spanContext().spanId });
    }
  });

  it('is a root span, even if the job was hired or demanded within another span', async () => {
    const fred = fleet.join();
    await tracer.startActiveSpan('request', async (request) => {
      await fred.hire('a', { every: 100, work: () => {} });
      await fred.hire('b', { work: () => {} });
      await demandOnce(fred, 'b');
      request.end();
    });
    await waitFor('slots', () => fleet.told.finish.filter(({ job }) => job === 'a').length >= 3);
    await fred.fire('a');
    const made = spans.getFinishedSpans().filter(({ name }) => name.startsWith('run '));
    expect(made.length).toBeGreaterThanOrEqual(4);
    expect(made.map(({ parentSpanContext }) => parentSpanContext)).toEqual(made.map(() => undefined));
    expect(new Set(made.map((span) => span.spanContext().traceId)).size).toBe(made.length);
  });

  it('is not active in event listeners', async () => {
    const fred = fleet.join();
    const active: unknown[] = [];
    fred.on('start', () => active.push(trace.getActiveSpan()));
    fred.on('finish', () => active.push(trace.getActiveSpan()));
    await fred.hire('a', { work: () => {} });
    await demandOnce(fred);
    expect(active).toEqual([undefined, undefined]);
  });
});

describe('the metrics', () => {
  it('count runs by job and outcome, and nothing finer', async () => {
    fleet.allowErrors(/^WORK_FAILED/);
    const fred = fleet.join();
    fred.qa((name, _definition, next) => (name === 'vetoed' ? undefined : next()));
    const work = ({ job }: Bossman.RunContext) => {
      if (job === 'failed') throw new Error('broken');
    };
    for (const outcome of ['done', 'failed', 'vetoed']) await fred.hire(outcome, { work });
    for (const outcome of ['done', 'done', 'failed', 'vetoed']) await demandOnce(fred, outcome);
    const counted = (outcome: string, value: unknown) => ({
      attributes: { 'bossman.job.name': outcome, 'bossman.run.outcome': outcome },
      value,
    });
    expect(await points('bossman.runs')).toEqual([
      counted('done', 2),
      counted('failed', 1),
      counted('vetoed', 1),
    ]);
    const { descriptor } = await metric('bossman.run.duration');
    expect(descriptor.unit).toBe('s');
    expect(await points('bossman.run.duration')).toEqual([
      counted('done', expect.objectContaining({ count: 2 })),
      counted('failed', expect.objectContaining({ count: 1 })),
      counted('vetoed', expect.objectContaining({ count: 1 })),
    ]);
  });

  it('count a run that quit gives up on as abandoned, whether its work goes on or stops', async () => {
    fleet.allowErrors(/gave up|waits no longer/);
    const fred = fleet.join();
    let goOn = () => {};
    await fred.hire('goes on', {
      work: () =>
        new Promise<void>((resolve) => {
          goOn = resolve;
        }),
    });
    await fred.hire('stops', {
      work: ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    });
    await fred.hire('ends', {
      work: ({ signal }) =>
        new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => resolve());
        }),
    });
    const jobs = ['goes on', 'stops', 'ends'];
    for (const job of jobs) await fred.demand(job);
    await waitFor('three runs', () => fleet.told.start.length === 3);
    undo();
    await fred.quit({ timeout: 0 });
    const counted = [
      { 'bossman.job.name': 'stops', 'bossman.run.outcome': 'abandoned' },
      { 'bossman.job.name': 'ends', 'bossman.run.outcome': 'done' },
      { 'bossman.job.name': 'goes on', 'bossman.run.outcome': 'abandoned' },
    ].map((attributes) => ({ attributes, value: 1 }));
    expect(await points('bossman.runs')).toEqual(expect.arrayContaining(counted));
    for (const job of ['goes on', 'stops']) {
      const { attributes, status } = spanOf(`run ${job}`);
      expect(attributes['bossman.run.outcome']).toBe('abandoned');
      expect(status.code).toBe(SpanStatusCode.ERROR);
    }
    expect(spanOf('run stops').events).toHaveLength(1);
    expect(spanOf('run goes on').events).toHaveLength(0);
    goOn();
    await waitFor('its end', () => fleet.told.finish.some(({ job }) => job === 'goes on'));
    const runs = await points('bossman.runs');
    expect(runs.map(({ value }) => value)).toEqual([1, 1, 1]);
    expect(spans.getFinishedSpans()).toHaveLength(3);
  });

  it('measure duration and lateness in seconds, with buckets for milliseconds of lateness', async () => {
    const fred = fleet.join();
    await fred.hire('a', { work: () => delay(100) });
    await demandOnce(fred);
    const duration = await metric('bossman.run.duration');
    if (duration.dataPointType !== DataPointType.HISTOGRAM) throw new Error('no histogram');
    const toldDuration = (fleet.told.finish[0]?.duration ?? 0) / 1000;
    expect(duration.dataPoints[0]?.value.sum).toBeGreaterThanOrEqual(0.098);
    expect(duration.dataPoints[0]?.value.sum).toBeLessThanOrEqual(toldDuration + 0.001);

    const lateness = await metric('bossman.run.lateness');
    if (lateness.dataPointType !== DataPointType.HISTOGRAM) throw new Error('no histogram');
    const [point] = lateness.dataPoints;
    expect(lateness.descriptor.unit).toBe('s');
    expect(point?.attributes).toEqual({ 'bossman.job.name': 'a', 'bossman.run.trigger': 'demand' });
    expect(point?.value.sum).toBeCloseTo(Math.max(0, fleet.told.start[0]?.lateness ?? 0) / 1000, 6);
    expect(point?.value.buckets.boundaries.filter((seconds) => seconds <= 0.1)).toEqual([
      0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1,
    ]);
  });

  it('count skips and lost locks by why', async () => {
    const fred = fleet.join();
    const locked = () => fleet.told.skip.some(({ why }) => why === 'locked');
    await fred.hire('slow', { every: 50, ttl: 60_000, work: () => waitFor('a skip', locked) });
    await waitFor('a skip', locked);
    await fred.fire('slow');
    await fred.hire('long', { ttl: 50, work: () => waitFor('the loss', () => fleet.told.lost.length > 0) });
    await demandOnce(fred, 'long');
    await fred.quit();
    for (const { attributes, value } of await points('bossman.skips')) {
      const told = fleet.told.skip.filter(({ why }) => why === attributes['bossman.why']);
      expect({ attributes, value }).toEqual({
        attributes: { 'bossman.job.name': 'slow', 'bossman.why': told[0]?.why },
        value: told.length,
      });
    }
    expect(await points('bossman.skips')).not.toEqual([]);
    expect(await points('bossman.lost_locks')).toEqual([
      { attributes: { 'bossman.job.name': 'long', 'bossman.why': 'expired' }, value: 1 },
    ]);
  });
});

it('a metric shows which jobs are paused', async () => {
  const fred = fleet.join();
  await fred.pause('a');
  await fred.pause('a', { note: 'again' });
  await fred.pause('b');
  await fred.resume('b');
  const values = (await points('bossman.job.paused')).map(({ attributes, value }) => [
    attributes['bossman.job.name'],
    value,
  ]);
  expect(values).toEqual([
    ['a', 1],
    ['b', 0],
  ]);
});

describe('instrument()', () => {
  it('can be limited to one instance', async () => {
    undo();
    const [fred, sally] = [fleet.join(), fleet.join()];
    undo = instrument({ instance: fred, tracerProvider, meterProvider });
    await fred.hire('a', { work: () => {} });
    await sally.hire('b', { work: () => {} });
    await demandOnce(fred, 'a');
    await demandOnce(sally, 'b');
    expect(spans.getFinishedSpans().map(({ name }) => name)).toEqual(['run a']);
    expect((await points('bossman.runs')).map(({ attributes }) => attributes['bossman.job.name'])).toEqual([
      'a',
    ]);
  });

  it('returns a function that ends it; the run in progress is still recorded', async () => {
    const fred = fleet.join();
    const work = async () => {
      undo();
      await delay(1);
      tracer.startSpan('work').end();
    };
    await fred.hire('a', { work });
    await demandOnce(fred);
    await demandOnce(fred);
    const run = spanOf('run a');
    const parents = spans
      .getFinishedSpans()
      .filter(({ name }) => name === 'work')
      .map(({ parentSpanContext }) => parentSpanContext?.spanId);
    expect(parents).toEqual([run.spanContext().spanId, undefined]);
    expect(await points('bossman.runs')).toMatchObject([{ value: 1 }]);
  });

  it('uses the global providers by default', async () => {
    undo();
    undo = instrument();
    trace.setGlobalTracerProvider(tracerProvider);
    try {
      const fred = fleet.join();
      await fred.hire('a', { work: () => {} });
      await demandOnce(fred);
      expect(spanOf('run a').ended).toBe(true);
    } finally {
      trace.disable();
    }
  });
});
