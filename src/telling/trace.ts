import { type Channel, channel, tracingChannel } from 'node:diagnostics_channel';
import type {
  BossmanEvents,
  LostEvent,
  PauseEvent,
  ResumeEvent,
  RunEvent,
  SkipEvent,
  SteeredEvent,
} from '../events';
import type { Time } from '../time/time';

/**
 * The message of the five channels of the TracingChannel `bossman:run`: one object per run, the same in all of them.
 * They trace the chain of QAs around `work`. An error that a subscriber throws becomes an `uncaughtException`, and the
 * run continues.
 *
 * @see https://nodejs.org/api/diagnostics_channel.html#tracingchannel-channels
 */
export interface RunTrace extends RunEvent {
  /** The `id` of the instance that runs it. */
  instance: string;
  /** The plan that the fleet follows, such as `every 600000` or `cron 0 9 * * 1-5 Europe/Helsinki`; null: none, or fired. */
  plan: string | null;
  /**
   * The run's outcome; set when it ends, from `error` or `asyncStart` on. `vetoed`: `work` was not run. `abandoned`:
   * `quit` gave up on the run, which has failed since or still runs; it is set before `bossman:lost` is published,
   * because the run may never end.
   */
  outcome?: 'done' | 'failed' | 'vetoed' | 'abandoned';
  /** ms; set with the outcome. */
  duration?: number;
  /** The value that the chain resolved with; set by Node before `asyncStart`. */
  result?: unknown;
  /** Why the run failed; set by Node before `error`. */
  error?: unknown;
}

/** See `RunTrace`. @internal */
export type TracedOutcome = NonNullable<RunTrace['outcome']>;

/** The message of the channel `bossman:skip`. */
export interface SkipTrace extends SkipEvent {
  /** The `id` of the instance that reports it. */
  instance: string;
}

/** The message of the channel `bossman:lost`. */
export interface LostTrace extends LostEvent {
  /** The `id` of the instance that reports it: the one that ran it, unless that died. */
  instance: string;
}

/** The message of the channel `bossman:pause`. Every instance publishes each pause. */
export interface PauseTrace extends PauseEvent {
  /** The `id` of the instance that reports it. */
  instance: string;
}

/** The message of the channel `bossman:resume`. Every instance publishes each resume. */
export interface ResumeTrace extends ResumeEvent {
  /** The `id` of the instance that reports it. */
  instance: string;
}

/** The message of the channel `bossman:steered`. */
export interface SteeredTrace extends SteeredEvent {
  /** The `id` of the instance that serves the page. */
  instance: string;
}

/** @internal */
export const runs = tracingChannel<unknown, RunTrace>('bossman:run');

/** The events that are also published to the whole process. @internal */
export const told = {
  skip: channel('bossman:skip'),
  lost: channel('bossman:lost'),
  pause: channel('bossman:pause'),
  resume: channel('bossman:resume'),
  steered: channel('bossman:steered'),
};

// Checked one by one: before Node 20.13, a TracingChannel has no `hasSubscribers`, and traces even without subscribers.
const steps = [runs.start, runs.end, runs.asyncStart, runs.asyncEnd, runs.error];

type Chain = () => Promise<unknown>;
const entrances = new WeakMap<RunTrace, (chain: Chain) => Promise<unknown>>();

/**
 * Makes `within` call the chain of a run, inside what earlier subscribers asked for. Call it from a subscriber of
 * `start`. OpenTelemetry needs this: a channel can bind an AsyncLocalStorage, but a context manager does not expose its
 * own.
 *
 * @internal
 */
export function enter(run: RunTrace, within: (chain: Chain) => Promise<unknown>): void {
  const outer = entrances.get(run);
  entrances.set(run, outer ? (chain) => outer(() => within(chain)) : within);
}

/**
 * Calls the chain of a run and returns its result; traced if there are subscribers.
 *
 * @param outcome called when the chain has settled
 * @internal
 */
export function traced(
  begin: () => RunTrace,
  chain: Chain,
  outcome: (hasFailed: boolean) => TracedOutcome,
  time: Time,
): Promise<unknown> {
  if (!steps.some(({ hasSubscribers }) => hasSubscribers)) return chain();
  const run = begin();
  const perform = async (): Promise<unknown> => {
    const startedAt = time.monotonic();
    const within = entrances.get(run);
    try {
      const result = await (within ? within(chain) : chain());
      run.outcome = outcome(false);
      return result;
    } catch (error) {
      run.outcome = outcome(true);
      throw error;
    } finally {
      run.duration = time.monotonic() - startedAt;
    }
  };
  return runs.tracePromise(perform, run);
}

/**
 * @returns a function that unsubscribes
 * @internal
 */
export function subscribe<Message = RunTrace>(
  to: Pick<Channel, 'subscribe' | 'unsubscribe'>,
  listener: (message: Message) => void,
): () => void {
  const listen = (message: unknown) => listener(message as Message);
  to.subscribe(listen);
  return () => to.unsubscribe(listen);
}

/** The channel of an event that has subscribers. @internal */
export function heardChannel(event: keyof BossmanEvents): Channel | undefined {
  const candidate = isTold(event) ? told[event] : undefined;
  return candidate?.hasSubscribers ? candidate : undefined;
}

function isTold(event: keyof BossmanEvents): event is keyof typeof told {
  return Object.hasOwn(told, event);
}
