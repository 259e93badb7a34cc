import { type Channel, channel, tracingChannel } from 'node:diagnostics_channel';
import type { BossmanEvents, LostEvent, PauseEvent, ResumeEvent, RunEvent, SkipEvent } from '../events';
import type { Time } from '../time/time';

/**
 * What the five channels of the TracingChannel `bossman:run` pass on: one object per run, the same in all of them. They
 * are about the chain of QAs around `work`. What a subscriber throws is an `uncaughtException`, and the run goes on.
 *
 * @see https://nodejs.org/api/diagnostics_channel.html#tracingchannel-channels
 */
export interface RunTrace extends RunEvent {
  /** The `id` of the instance that runs it. */
  instance: string;
  /** The plan that the fleet follows, such as `every 600000` or `cron 0 9 * * 1-5 Europe/Helsinki`; null: none, or fired. */
  plan: string | null;
  /**
   * What became of the run; there when it is over, from `error` or `asyncStart` on. `vetoed`: `work` was not run.
   * `abandoned`: `quit` gave up on the run, which has failed since, or goes on; then it is there before `bossman:lost` says
   * so, as the run may never be over.
   */
  outcome?: 'done' | 'failed' | 'vetoed' | 'abandoned';
  /** ms; there when the outcome is */
  duration?: number;
  /** What the chain resolved with; set by Node before `asyncStart`. */
  result?: unknown;
  /** Why the run failed; set by Node before `error`. */
  error?: unknown;
}

/** See `RunTrace`. @internal */
export type TracedOutcome = NonNullable<RunTrace['outcome']>;

/** What the channel `bossman:skip` passes on. */
export interface SkipTrace extends SkipEvent {
  /** The `id` of the instance that tells it. */
  instance: string;
}

/** What the channel `bossman:lost` passes on. */
export interface LostTrace extends LostEvent {
  /** The `id` of the instance that reports it: the one whose run it is, save where that died. */
  instance: string;
}

/** What the channel `bossman:pause` passes on. Every instance publishes each pause. */
export interface PauseTrace extends PauseEvent {
  /** The `id` of the instance that tells it. */
  instance: string;
}

/** What the channel `bossman:resume` passes on. Every instance publishes each resume. */
export interface ResumeTrace extends ResumeEvent {
  /** The `id` of the instance that tells it. */
  instance: string;
}

/** @internal */
export const runs = tracingChannel<unknown, RunTrace>('bossman:run');

/** The events that are told to the whole process as well. @internal */
export const told = {
  skip: channel('bossman:skip'),
  lost: channel('bossman:lost'),
  pause: channel('bossman:pause'),
  resume: channel('bossman:resume'),
};

// One by one: a TracingChannel of Node 20 before 20.13 has no `hasSubscribers` of its own, and traces for nobody.
const steps = [runs.start, runs.end, runs.asyncStart, runs.asyncEnd, runs.error];

type Chain = () => Promise<unknown>;
const entrances = new WeakMap<RunTrace, (chain: Chain) => Promise<unknown>>();

/**
 * Has the chain of a run called through `within`, inside of what other subscribers asked for; to be called from a
 * subscriber of `start`. OpenTelemetry needs it: a channel can bind a store, and a context manager keeps its own to itself.
 *
 * @internal
 */
export function enter(run: RunTrace, within: (chain: Chain) => Promise<unknown>): void {
  const outer = entrances.get(run);
  entrances.set(run, outer ? (chain) => outer(() => within(chain)) : within);
}

/**
 * Calls the chain of a run, and gives what it gives: traced, when anybody subscribes.
 *
 * @param outcome asked when the chain has settled
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
 * @returns ends it
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

/** The channel of an event that somebody subscribes to. @internal */
export function heardChannel(event: keyof BossmanEvents): Channel | undefined {
  const candidate = isTold(event) ? told[event] : undefined;
  return candidate?.hasSubscribers ? candidate : undefined;
}

function isTold(event: keyof BossmanEvents): event is keyof typeof told {
  return Object.hasOwn(told, event);
}
