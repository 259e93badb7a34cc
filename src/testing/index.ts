import { types } from 'node:util';
import type { Bossman } from '../bossman';
import { shown } from '../errors';
import type { RunRecord } from '../info';
import type { BossmanOptions, FleetConnection } from '../options';
import { isGiven, optionsIn } from '../schedule/given';
import { MemoryFleet } from './fleet';

export type { FleetConnection };

/** Options of `testFleet`. */
export interface TestFleetOptions {
  /** The fleet's time at the start: a `Date`, ms since the epoch, or ISO text. Default: `Date.now()`. */
  now?: Date | number | string | undefined;
}

/**
 * A fleet in memory: its instances share a store in this process instead of a Redis server, and a clock that stands still
 * until `advance` moves it. Everything else is the same code that runs with Redis.
 */
export interface TestFleet {
  /** The fleet's clock, in ms since the epoch. */
  readonly now: number;
  /** For code that creates its own instance: `new Bossman({ connection: fleet.connection })` joins the fleet. */
  readonly connection: FleetConnection;

  /**
   * Creates an instance of the fleet.
   *
   * @throws TypeError or RangeError as `new Bossman` does, and for a `connection`
   */
  bossman(options?: Omit<BossmanOptions, 'connection'>): Bossman;

  /**
   * Moves the clock. Everything that comes due in that time runs, in the order of its time. The clock waits for the work of
   * each run, unless that waits in `sleep`. An error in `work` is reported as an event, as usual.
   *
   * @param time ms, or a phrase such as `1 day`; 0 runs what is due or demanded now
   * @returns resolves when everything has settled. Rejects with a TypeError or RangeError for an invalid time, and with an
   *   Error while another `advance` is in progress, and when the fleet is closed.
   */
  advance(time: number | string): Promise<void>;

  /** All runs of a job that have ended, oldest first, in the form of `Bossman.history`; empty for an unknown job. */
  runs(name: string): RunRecord[];

  /**
   * Waits in fleet time. Call it in `work` to make a run take fleet time.
   *
   * @param time ms, or a phrase
   * @returns resolves when that much fleet time has passed. Rejects for an invalid time.
   */
  sleep(time: number | string): Promise<void>;

  /**
   * Makes an instance die as if its process were killed: it emits, sends and starts nothing more. The work of its runs cannot
   * be stopped, but has no effect on the fleet.
   *
   * @throws TypeError for an instance of another fleet
   */
  crash(bossman: Bossman): void;

  /** Quits all instances, and moves the clock as far as that takes. Further calls return the same promise. Never rejects. */
  close(): Promise<void>;
}

/**
 * Creates a fleet in memory, for tests that need no Redis and do not wait.
 *
 * @throws TypeError or RangeError, naming the option and its value
 */
export function testFleet(options: TestFleetOptions = {}): TestFleet {
  const { now } = optionsIn('options', options, ['now']);
  return new MemoryFleet(isGiven(now) ? readNow(now) : Date.now());
}

/** The scripts treat times from here on as those of fired jobs: the year 33658. */
const LAST = 1e15;

function readNow(now: unknown): number {
  const at = types.isDate(now) ? now.getTime() : typeof now === 'string' ? Date.parse(now) : now;
  if (typeof at !== 'number') throw new TypeError(`now: ${shown(now)} is not a Date, a number or a string`);
  if (!(at >= 0 && at < LAST)) throw new RangeError(`now: ${shown(now)} is not a valid time`);
  return Math.floor(at);
}
