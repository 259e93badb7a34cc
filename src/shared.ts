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

/** What all parts of an instance use. Each part gets it first, and then what it alone needs. */
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
  /** What the user wrote is called in it. */
  readonly origin: Origin;
  /** Makes `quit` wait for a claim, a take or a run. */
  readonly track: <T>(promise: Promise<T>) => Promise<T>;
}

/** A part of an instance, as far as all of them are told the same at the same time. */
export interface Part {
  /** All parts are made. Before this, a part sets no timer and listens to no connection. */
  start?(): void;
  /** A bell of another instance, about a job that is hired here. */
  onBell?(bell: Bell & { name: string }, job: Job): void;
  /** The job is no longer hired here. Another of the same name may be, by the time at which something of this one ends. */
  dismissed?(job: Job): void;
  /** The estimate of Redis' clock jumped: alarms that were set before may be wrong. */
  clockJumped?(): void;
  /** The instance quits: nothing new begins. */
  stop?(): void;
}
