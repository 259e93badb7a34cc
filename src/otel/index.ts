import {
  type Attributes,
  type Context,
  context,
  type MeterProvider,
  metrics,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import type { Bossman } from '../bossman';
import { isError, messageOf } from '../errors';
import { version } from '../scripts/generated';
import {
  enter,
  type LostTrace,
  type PauseTrace,
  type ResumeTrace,
  type RunTrace,
  runs,
  type SkipTrace,
  subscribe,
  told,
} from '../telling/trace';
import { makeInstruments, triggerOf } from './instruments';

/** Options of `instrument`, all optional. */
export interface InstrumentOptions {
  /** The only instance to instrument. Default: all instances of this process, including later ones. */
  instance?: Bossman | undefined;
  /** The provider of spans. Default: the global one, even if it is registered later. */
  tracerProvider?: TracerProvider | undefined;
  /** The provider of metrics. Default: the global one, which must be registered before. */
  meterProvider?: MeterProvider | undefined;
}

/**
 * Creates OpenTelemetry spans and metrics of runs; one span per run, which is the active one in its QAs and `work`.
 *
 * The span's name is `run JOB`. Its attributes are our own, because no semantic convention covers scheduled jobs:
 * `messaging.*` requires a message and a broker; `faas.*` requires a `faas` resource. Its kind is INTERNAL, because a
 * timer starts the run: there is no PRODUCER for a CONSUMER.
 *
 * @returns a function that stops it; runs in progress are still recorded when they end
 * @see https://opentelemetry.io/docs/specs/semconv/general/naming/
 */
export function instrument(options: InstrumentOptions = {}): () => void {
  const { instance, tracerProvider = trace, meterProvider = metrics } = options;
  const tracer = tracerProvider.getTracer('bossman', version);
  const instruments = makeInstruments(meterProvider.getMeter('bossman', version));
  const open = new Map<RunTrace, Context>();
  const isOurs = (told: { instance: string }) => !instance || instance.id === told.instance;

  const begin = (run: RunTrace): void => {
    if (!isOurs(run)) return;
    // A root span without the active context: runs belong to the context in which the instance was created, and a span
    // that was active then, such as the program's start, has long ended.
    const span = tracer.startSpan(
      `run ${run.job}`,
      { kind: SpanKind.INTERNAL, attributes: attributesOf(run) },
      ROOT_CONTEXT,
    );
    const active = trace.setSpan(ROOT_CONTEXT, span);
    open.set(run, active);
    enter(run, (chain) => context.with(active, chain));
    instruments.began(run, active);
  };

  const end = (run: RunTrace): void => {
    const active = open.get(run);
    const span = active && trace.getSpan(active);
    if (!span) return;
    open.delete(run);
    span.setAttribute('bossman.run.outcome', run.outcome ?? 'done');
    if ('error' in run) {
      const { error } = run;
      record(span, error);
      span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) });
    } else if (run.outcome === 'abandoned') {
      span.setStatus({ code: SpanStatusCode.ERROR, message: 'its instance quit before the run ended' });
    }
    span.end();
    instruments.ended(run, active);
    if (isOver) stopIfIdle();
  };

  /** After quit gave up on a run, the process is about to exit, so the run may never end. */
  const endAbandoned = ({ why }: LostTrace): void => {
    if (why === 'quit') for (const run of [...open.keys()]) if (run.outcome === 'abandoned') end(run);
  };

  let isOver = false;
  const stops = [
    subscribe(runs.start, begin),
    subscribe<SkipTrace>(told.skip, (skip) => isOurs(skip) && instruments.skipped(skip)),
    subscribe<LostTrace>(told.lost, (lost) => isOurs(lost) && instruments.lost(lost)),
    subscribe<PauseTrace>(told.pause, (pause) => isOurs(pause) && instruments.paused(pause)),
    subscribe<ResumeTrace>(told.resume, (resume) => isOurs(resume) && instruments.resumed(resume)),
  ];
  const stopEnds = [subscribe(runs.asyncEnd, end), subscribe<LostTrace>(told.lost, endAbandoned)];
  const stopIfIdle = () => {
    if (open.size === 0) for (const stop of stopEnds) stop();
  };
  return () => {
    isOver = true;
    for (const stop of stops) stop();
    stopIfIdle();
  };
}

/** An error in a subscriber would end the process, and reading the user's error may throw. */
function record(span: Span, error: unknown): void {
  try {
    span.recordException(isError(error) ? error : messageOf(error));
    span.setAttribute('error.type', isError(error) ? String(error.name) : '_OTHER');
  } catch {
    span.recordException(messageOf(error));
    span.setAttribute('error.type', '_OTHER');
  }
}

function attributesOf(run: RunTrace): Attributes {
  return {
    'bossman.job.name': run.job,
    'bossman.instance.id': run.instance,
    'bossman.run.trigger': triggerOf(run),
    'bossman.run.lateness': run.lateness / 1000,
    ...(run.plan !== null && { 'bossman.job.plan': run.plan }),
    ...(run.slot !== null && { 'bossman.run.slot': new Date(run.slot).toISOString() }),
    ...(run.demandedAt !== null && { 'bossman.run.demanded_at': new Date(run.demandedAt).toISOString() }),
  };
}
