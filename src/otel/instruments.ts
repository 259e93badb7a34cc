import type { Attributes, Context, Meter } from '@opentelemetry/api';
import type { LostTrace, PauseTrace, ResumeTrace, RunTrace, SkipTrace } from '../telling/trace';

/** What started the run; `recovery`: the slot was run before, by an instance that died or quit during the run. */
export function triggerOf({ slot, recovered }: RunTrace): 'slot' | 'demand' | 'recovery' {
  if (slot === null) return 'demand';
  return recovered ? 'recovery' : 'slot';
}

/** s; in a live fleet, a run is a few milliseconds late; after an outage, it may be hours late. */
const LATENESS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 30, 300, 3600];

/** s; from work that only sends a request to a nightly batch. */
const DURATION = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200];

/**
 * The metrics. Their attributes are the job's name and words from fixed lists; slots, instances and errors would create
 * a time series each, so only spans have them.
 */
export function makeInstruments(meter: Meter) {
  const lateness = meter.createHistogram('bossman.run.lateness', {
    unit: 's',
    description: 'Time from the slot or demand to the start of its run',
    advice: { explicitBucketBoundaries: LATENESS },
  });
  const duration = meter.createHistogram('bossman.run.duration', {
    unit: 's',
    description: 'Duration of runs, including QAs',
    advice: { explicitBucketBoundaries: DURATION },
  });
  const runs = meter.createCounter('bossman.runs', {
    unit: '{run}',
    description: 'Runs that ended, by outcome',
  });
  const skips = meter.createCounter('bossman.skips', {
    unit: '{skip}',
    description: 'Slots that were not run, by reason; consecutive missed slots count once',
  });
  const losses = meter.createCounter('bossman.lost_locks', {
    unit: '{lock}',
    description: 'Runs that lost their lock, by reason',
  });
  const pauses = meter.createUpDownCounter('bossman.job.paused', {
    unit: '{instance}',
    description: 'Instances of this process that know that the job is paused',
  });
  /** A second pause of a job replaces the first. */
  const paused = new Set<string>();
  const named = (job: string, attributes: Attributes) => ({ 'bossman.job.name': job, ...attributes });

  return {
    began: (run: RunTrace, context: Context) =>
      // Redis' clock is estimated, so a run may seem to start a moment before its slot.
      lateness.record(
        Math.max(0, run.lateness / 1000),
        named(run.job, { 'bossman.run.trigger': triggerOf(run) }),
        context,
      ),
    ended: ({ job, duration: ms = 0, outcome = 'done' }: RunTrace, context: Context) => {
      const attributes = named(job, { 'bossman.run.outcome': outcome });
      duration.record(ms / 1000, attributes, context);
      runs.add(1, attributes, context);
    },
    skipped: ({ job, why }: SkipTrace) => skips.add(1, named(job, { 'bossman.why': why })),
    paused: ({ job, instance }: PauseTrace) => {
      if (paused.has(`${instance} ${job}`)) return;
      paused.add(`${instance} ${job}`);
      pauses.add(1, named(job, {}));
    },
    resumed: ({ job, instance }: ResumeTrace) => {
      if (paused.delete(`${instance} ${job}`)) pauses.add(-1, named(job, {}));
    },
    lost: ({ job, why }: LostTrace) => losses.add(1, named(job, { 'bossman.why': why })),
  };
}
