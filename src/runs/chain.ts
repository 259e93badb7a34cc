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
  const chain = () => {
    const hired = job.definition;
    const definition = copyOf(hired);
    // Read before a QA can replace it: an accessor may give another function each time.
    const given = ownWork(definition);
    const links = qas.map((qa) => (next: () => Promise<unknown>) => qa(job.name, definition, next));
    const work = () => {
      worked = true;
      // On the object that was hired: its private members are not in the copy.
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

/** As the run's record says it. */
function outcomeOf({ state }: Run, worked: boolean, hasFailed: boolean): TracedOutcome {
  if (state === 'abandoned' || (state === 'given up' && hasFailed)) return 'abandoned';
  if (hasFailed) return 'failed';
  return worked ? 'done' : 'vetoed';
}

/** A copy for one run, which a QA may change. What it has from a class, it keeps. */
function copyOf(definition: JobDefinition): JobDefinition {
  return Object.assign(Object.create(Object.getPrototypeOf(definition)), definition);
}

/** The `work` that stands in the definition itself; undefined when its class has it. */
function ownWork(definition: JobDefinition): JobDefinition['work'] | undefined {
  return Object.hasOwn(definition, 'work') ? definition.work : undefined;
}
