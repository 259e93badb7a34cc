import type { JobDefinition, Qa } from '../options';
import type { Ending } from '../redis/records';
import type { Shared } from '../shared';
import { type TracedOutcome, traced } from '../telling/trace';
import { compose } from './compose';
import type { Run } from './run';

/** Calls the QAs of an instance around the work of a run, traced. Never rejects. */
export async function perform(
  run: Run,
  qas: readonly Qa[],
  { clock, store, teller, time }: Pick<Shared, 'clock' | 'store' | 'teller' | 'time'>,
): Promise<Ending> {
  const { job, event, context } = run;
  const startedAt = clock.monotonic();
  let worked = false;
  // An async function, so that a synchronous throw becomes a rejection.
  const chain = async () => {
    const hired = job.definition;
    if (qas.length === 0) {
      worked = true;
      return hired.work(context);
    }
    const definition = copyOf(hired);
    // Read before a QA can replace it. An accessor may return a different function each time.
    const given = ownWork(definition);
    const links = qas.map((qa) => (next: () => Promise<unknown>) => qa(job.name, definition, next));
    const work = () => {
      worked = true;
      // Called on the hired object, because the copy lacks its private members.
      return ownWork(definition) === given ? hired.work(context) : definition.work(context);
    };
    return compose(links, work, (error) => teller.trouble(error));
  };
  const begin = () => {
    const plan = job.known?.schedule ? job.known.text : null;
    run.trace = { ...event, instance: store.instance, plan };
    return run.trace;
  };
  try {
    await traced(begin, chain, (hasFailed) => outcomeOf(run, worked, hasFailed), time);
    return { duration: clock.monotonic() - startedAt, vetoed: !worked };
  } catch (cause) {
    return { duration: clock.monotonic() - startedAt, cause };
  }
}

/** The same outcome as in the run's record. */
function outcomeOf({ state }: Run, worked: boolean, hasFailed: boolean): TracedOutcome {
  if (state === 'abandoned' || (state === 'given up' && hasFailed)) return 'abandoned';
  if (hasFailed) return 'failed';
  return worked ? 'done' : 'vetoed';
}

/** A copy for one run, which a QA may change. It keeps its prototype. */
function copyOf(definition: JobDefinition): JobDefinition {
  return Object.assign(Object.create(Object.getPrototypeOf(definition)), definition);
}

/** The definition's own `work`; undefined if it is inherited. */
function ownWork(definition: JobDefinition): JobDefinition['work'] | undefined {
  return Object.hasOwn(definition, 'work') ? definition.work : undefined;
}
