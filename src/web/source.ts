import type { Bossman } from '../bossman';
import { BossmanError } from '../errors';
import type { SteeredEvent } from '../events';
import type { RunRecord } from '../info';
import type { Seen } from '../inspection/overview';
import type { Roll } from '../inspection/roll-call';
import type { Instance } from '../instance';
import type { PauseOptions } from '../options';

/** What the page needs of a fleet. Every call rejects with the error of Redis. */
export interface Source {
  readonly prefix: string;
  look(): Promise<Seen>;
  /** The fleet, and whether all of it has answered. */
  roll(): Promise<Roll>;
  /** The last runs of a job without stacks and causes, newest first. */
  recent(name: string, last: number): Promise<RunRecord[]>;
  history(name: string, last: number): Promise<RunRecord[]>;
  demand(name: string): Promise<unknown>;
  /** @throws TypeError or RangeError immediately for invalid options */
  pause(name: string, options: PauseOptions): Promise<unknown>;
  resume(name: string): Promise<unknown>;
  fire(name: string): Promise<unknown>;
  forget(name: string): Promise<unknown>;
  /** Calls `heard` with each message on the bell. Returns a function that ends this. */
  listen(heard: (message: string) => void): () => void;
  steered(event: SteeredEvent): void;
  failed(error: BossmanError): void;
}

/** @throws TypeError if `fred` is not a `Bossman` of this version of the package */
export function sourceOf(fred: Bossman): Source {
  const instance = instanceOf(fred);
  const { calls, overview, listener, reporter } = instance;
  const taps = tapsOf(instance);
  // Tabs keep sending requests after a quit; that is not reported as an error.
  const ask = <T>(verb: string, job: string | null, call: () => Promise<T>): Promise<T> =>
    calls.closed
      ? Promise.reject(new BossmanError('QUIT', 'this instance has quit'))
      : calls.perform(verb, job, call);
  return {
    prefix: fred.prefix,
    look: () => ask('jobs', null, () => overview.look()),
    roll: () => ask('fleet', null, () => overview.wholeRoll()),
    recent: (name, last) => ask('history', name, () => overview.recent(name, last)),
    history: (name, last) => fred.history(name, { last }),
    demand: (name) => fred.demand(name),
    pause: (name, options) => fred.pause(name, options),
    resume: (name) => fred.resume(name),
    fire: (name) => fred.fire(name),
    forget: (name) => fred.forget(name),
    listen: (heard) => {
      taps.add(heard);
      listener.tap = (message) => {
        for (const tap of taps) tap(message);
      };
      return () => {
        taps.delete(heard);
        if (taps.size === 0) listener.tap = null;
      };
    },
    steered: (event) => reporter.tell('steered', event),
    failed: (error) => reporter.trouble(error, 'web'),
  };
}

/** The listeners of each instance, because one instance may serve several pages. */
const TAPS = new WeakMap<Instance, Set<(message: string) => void>>();

function tapsOf(instance: Instance): Set<(message: string) => void> {
  const taps = TAPS.get(instance) ?? new Set();
  TAPS.set(instance, taps);
  return taps;
}

function instanceOf(fred: unknown): Instance {
  const instance: unknown = typeof fred === 'object' && fred !== null ? Reflect.get(fred, 'instance') : null;
  if (!isInstance(instance)) {
    throw new TypeError('web: the first argument is not a Bossman of the same version of the package');
  }
  return instance;
}

/** Not `instanceof`, because another copy of the package has another class. */
function isInstance(value: unknown): value is Instance {
  if (typeof value !== 'object' || value === null) return false;
  return ['calls', 'overview', 'listener', 'reporter'].every((part) => part in value);
}

/** The error of a request that could not be answered. */
export function webError(message: string, cause: unknown): BossmanError {
  return new BossmanError('WEB', message, null, cause);
}
