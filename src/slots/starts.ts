import { Alarms } from '../time/alarms';
import type { Time } from '../time/time';

/**
 * What was won before its time waits here for it: on the process's monotonic clock, as from the answer on it is known how
 * long that takes, whatever becomes of Redis' clock.
 */
export class Starts {
  private readonly alarms: Alarms;
  private readonly waiting = new Map<string, (isDue: boolean) => void>();
  private abandoned = false;

  constructor(private readonly time: Time) {
    this.alarms = new Alarms(time.monotonic, (name) => this.end(name, true), time);
  }

  /** One for each name. True after so many ms, at once if they are over; false when it is abandoned. */
  wait(name: string, ms: number): Promise<boolean> | boolean {
    if (this.abandoned || ms <= 0) return !this.abandoned;
    return new Promise((resolve) => {
      this.waiting.set(name, resolve);
      this.alarms.set(name, this.time.monotonic() + ms);
    });
  }

  get isAbandoned(): boolean {
    return this.abandoned;
  }

  /** Nothing that waits here, or would, begins. */
  abandon(): void {
    this.abandoned = true;
    this.alarms.stop();
    for (const name of this.waiting.keys()) this.end(name, false);
  }

  private end(name: string, isDue: boolean): void {
    this.waiting.get(name)?.(isDue);
    this.waiting.delete(name);
  }
}
