import type { Teller } from './events';
import type { Bell } from './hints/bell';
import type { FleetSize } from './hints/fleet-size';
import type { Trust } from './hints/trust';
import type { Job } from './job';
import type { Store } from './redis/store';
import type { RedisClock } from './time/clock';
import type { Origin } from './time/origin';
import type { Pauses } from './time/pauses';
import type { Retries } from './time/retry';
import type { Time } from './time/time';

/** What all parts of an instance use. It is the first argument of each part's constructor. */
export interface Shared {
  /** The jobs hired here, by name. */
  readonly jobs: ReadonlyMap<string, Job>;
  readonly store: Store;
  readonly clock: RedisClock;
  readonly time: Time;
  readonly fleetSize: FleetSize;
  readonly trust: Trust;
  readonly teller: Teller;
  readonly pauses: Pauses;
  readonly retries: Retries;
  /** The async context in which the user's code is called. */
  readonly origin: Origin;
  /** Makes `quit` wait for a claim, a take or a run. */
  readonly track: <T>(promise: Promise<T>) => Promise<T>;
}

/** The calls that `Instance` makes to all of its parts. */
export interface Part {
  /** All parts exist. Before this, a part sets no timer and listens to no connection. */
  start?(): void;
  /** A bell of another instance, about a job that is hired here. */
  onBell?(bell: Bell & { name: string }, job: Job): void;
  /** The job is no longer hired here. Another job of the same name may be hired before all work for this one has ended. */
  dismissed?(job: Job): void;
  /** The estimate of Redis' clock jumped: alarms that were set before may be wrong. */
  clockJumped?(): void;
  /** The instance quits: nothing new begins. */
  stop?(): void;
}
