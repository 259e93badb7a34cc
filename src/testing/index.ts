import { types } from 'node:util';
import type { Bossman } from '../bossman';
import { shown } from '../errors';
import type { RunRecord } from '../info';
import type { BossmanOptions, FleetConnection } from '../options';
import { isGiven, optionsIn } from '../schedule/given';
import { MemoryFleet } from './fleet';

export type { FleetConnection };

/** How a fleet in memory begins. */
export interface TestFleetOptions {
  /** Its time at the start: a `Date`, ms since the epoch, or ISO text. Default: now, as `Date.now()` says. */
  now?: Date | number | string | undefined;
}

/**
 * A fleet in memory: instances with a Redis of their own, which is no server, and a clock that stands still until `advance`
 * moves it. Everything else is the code that runs with Redis.
 */
export interface TestFleet {
  /** The fleet's clock, in ms since the epoch. */
  readonly now: number;
  /** For code that makes its own instance: `new Bossman({ connection: fleet.connection })`. All share the fleet. */
  readonly connection: FleetConnection;

  /**
   * Makes an instance of the fleet.
   *
   * @throws TypeError or RangeError as `new Bossman` does, and for a `connection`
   */
  bossman(options?: Omit<BossmanOptions, 'connection'>): Bossman;

  /**
   * Moves the clock. All that falls due on the way runs, in order of time; before the clock moves on, the work of a run is
   * awaited, unless it waits in `sleep`. What work throws is an event, as ever.
   *
   * @param time ms, or a phrase such as `1 day`; 0: what is due or demanded now runs
   * @returns settles when everything has settled. Rejects with a TypeError or RangeError for an invalid time, and with an
   *   Error while another `advance` is under way, and when the fleet is closed.
   */
  advance(time: number | string): Promise<void>;

  /** All runs of a job that have ended so far, the oldest first, as in `Bossman.history`. An empty array for an unknown job. */
  runs(name: string): RunRecord[];

  /**
   * Waits in the fleet's time: for work that is to take some.
   *
   * @param time ms, or a phrase
   * @returns settles when the clock gets there. Rejects for an invalid time.
   */
  sleep(time: number | string): Promise<void>;

  /**
   * Has an instance die without a word, as if its process were killed: it tells, sends and begins nothing more. Work of its
   * runs that goes on cannot be stopped, but has no effect on the fleet.
   *
   * @throws TypeError for an instance of another fleet
   */
  crash(bossman: Bossman): void;

  /** Quits all instances, moving the clock as far as that takes. Called again, it is the same close. Never rejects. */
  close(): Promise<void>;
}

/**
 * Makes a fleet in memory, for tests: without a Redis, and without waiting.
 *
 * @throws TypeError or RangeError, naming the option and its value
 */
export function testFleet(options: TestFleetOptions = {}): TestFleet {
  const { now } = optionsIn('options', options, ['now']);
  return new MemoryFleet(isGiven(now) ? readNow(now) : Date.now());
}

/** The last instant that the scripts tell from a fired job's, the year 33658. */
const LAST = 1e15;

function readNow(now: unknown): number {
  const at = types.isDate(now) ? now.getTime() : typeof now === 'string' ? Date.parse(now) : now;
  if (typeof at !== 'number')
    throw new TypeError(`now: ${shown(now)} is neither a Date, nor a number, nor text`);
  if (!(at >= 0 && at < LAST)) throw new RangeError(`now: ${shown(now)} is not a valid time`);
  return Math.floor(at);
}
