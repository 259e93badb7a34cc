import type { Bell } from '../hints/bell';
import type { RedisClock } from '../time/clock';
import type { Pauses } from '../time/pauses';

/** ms for which a bell announces the expiry of a demand's trigger; a later expiry belongs to another demand. */
const ANNOUNCED_FOR = 5000;
/** ms after subscribing or hiring during which the bell that announced an expiry may have been missed. */
const UNHEARD_FOR = 300;
/** After subscribing, that time is divided into this number of waits: see `subscribed`. */
const WAITS = 3;

/**
 * Recognizes the demands of originals: expired demand triggers that no bell announced. A demand by bossman sets the trigger and
 * rings the bell, which arrives first on the same connection. Each bell announces one expiry. The announcement is closed by
 * that expiry, by a take that deleted the trigger, or after `ANNOUNCED_FOR`.
 */
export class DemandExpiries {
  /** The times at which the announcements end, by name. */
  private readonly announced = new Map<string, number[]>();
  private isSubscribed = false;
  private waits = 0;

  constructor(
    private readonly clock: RedisClock,
    private readonly pauses: Pauses,
  ) {}

  /** Messages in the same packet as the acknowledgement are heard before the subscription is known. */
  subscribing(): void {
    this.isSubscribed = false;
  }

  /**
   * While the process is blocked, no more than the current wait can end. What arrived meanwhile is heard before the next one
   * ends.
   */
  async subscribed(): Promise<void> {
    this.isSubscribed = true;
    this.waits += WAITS;
    for (let wait = 0; wait < WAITS; wait += 1) {
      await this.pauses.pause(UNHEARD_FOR / WAITS);
      this.waits -= 1;
    }
  }

  /** Call this for all bells of hired jobs, including our own. */
  onBell(bell: Bell): void {
    if (bell.kind === 'demand' && bell.triggerSet) {
      const lapses = this.clock.monotonic() + ANNOUNCED_FOR;
      this.announced.set(bell.name, [...this.open(bell.name), lapses]);
    }
    if (bell.kind === 'taken' && bell.triggerDeleted) this.close(bell.name);
  }

  /** Closes the oldest announcement for the name; false if there is none. */
  close(name: string): boolean {
    const [oldest, ...open] = this.open(name);
    if (open.length > 0) this.announced.set(name, open);
    else this.announced.delete(name);
    return oldest !== undefined;
  }

  forget(name: string): void {
    this.announced.delete(name);
  }

  /** Whether a bell may have been missed because the job was hired (ms, monotonic), or the bell subscribed to, just now. */
  mayHaveMissed(hiredAt: number): boolean {
    return !this.isSubscribed || this.waits > 0 || this.clock.monotonic() - hiredAt < UNHEARD_FOR;
  }

  private open(name: string): number[] {
    const now = this.clock.monotonic();
    return this.announced.get(name)?.filter((lapses) => lapses > now) ?? [];
  }
}
