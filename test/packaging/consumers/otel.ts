// Compiled and run as .ts, .mts and .cts, under every set-up of packaging.test.ts.
import { strictEqual } from 'node:assert';
import { subscribe } from 'node:diagnostics_channel';
import { metrics, trace } from '@opentelemetry/api';
import type { RunTrace, SkipTrace } from 'bossman';
import { Bossman } from 'bossman';
import { type InstrumentOptions, instrument } from 'bossman/otel';

/** Never called: it is written for the compiler. */
export function use(): void {
  const instance = new Bossman();
  const options: InstrumentOptions = {
    instance,
    tracerProvider: trace.getTracerProvider(),
    meterProvider: metrics.getMeterProvider(),
  };
  const stop: () => void = instrument(options);
  stop();

  subscribe('tracing:bossman:run:asyncEnd', (message) => {
    const { instance: id, outcome, duration, slot, error } = message as RunTrace;
    return [id === instance.id, outcome === 'vetoed', duration?.toFixed(), slot?.toFixed(), error];
  });
  subscribe('bossman:skip', (message) => (message as SkipTrace).why === 'locked');

  // @ts-expect-error: no such option
  instrument({ tracer: trace.getTracer('mine') });
  // @ts-expect-error: no such outcome
  const outcome: RunTrace['outcome'] = 'won';
  outcome?.toString();
}

strictEqual(typeof instrument, 'function');
