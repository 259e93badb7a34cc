import { Alarms } from '../time/alarms';
import type { Time } from '../time/time';

/**
 * Slots that were won early wait here for their time. The wait is measured on the process's monotonic clock: its length is
 * known from the answer, even if Redis' clock is changed later.
 */
export class Starts {
  private readonly alarms: Alarms;
  private readonly waiting = new Map<string, (isDue: boolean) => void>();
  private abandoned = false;

  constructor(private readonly time: Time) {
    this.alarms = new Alarms(time.monotonic, (name) => this.end(name, true), time);
  }

  /** One wait per name. True after `ms`, or immediately if that is not positive; false if the wait is abandoned. */
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

  /** Ends all waits, and all later ones, with false. */
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
