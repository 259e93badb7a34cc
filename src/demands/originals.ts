import type { Bell } from '../hints/bell';
import type { RedisClock } from '../time/clock';

/** ms after a bell that announced the expiry of a demand's trigger; an expiry that comes later is another's. */
const ANNOUNCED_FOR = 5000;
/** ms after subscribing or hiring in which the bell that announced an expiry may have been missed. */
const UNHEARD_FOR = 300;

/**
 * Which expired demand triggers are demands of an original: those that no bell announced. A demand of our own kind sets
 * the trigger and rings, and on one connection the bell comes first. Each bell announces one expiry; the announcement is
 * closed by that expiry, by a take that deleted the trigger, or by time.
 */
export class DemandExpiries {
  /** By name: when each announcement lapses. */
  private readonly announced = new Map<string, number[]>();
  private subscribedAt = Number.POSITIVE_INFINITY;

  constructor(private readonly clock: RedisClock) {}

  /** What comes with the acknowledgement, in one piece, is heard before that is known. */
  subscribing(): void {
    this.subscribedAt = Number.POSITIVE_INFINITY;
  }

  subscribed(): void {
    this.subscribedAt = this.clock.monotonic();
  }

  /** To be told the bells of hired jobs, our own included. */
  onBell(bell: Bell): void {
    if (bell.kind === 'demand' && bell.triggerSet) {
      const lapses = this.clock.monotonic() + ANNOUNCED_FOR;
      this.announced.set(bell.name, [...this.open(bell.name), lapses]);
    }
    if (bell.kind === 'taken' && bell.triggerDeleted) this.close(bell.name);
  }

  /** Closes the oldest announcement of the name; false when there is none. */
  close(name: string): boolean {
    const [oldest, ...open] = this.open(name);
    if (open.length > 0) this.announced.set(name, open);
    else this.announced.delete(name);
    return oldest !== undefined;
  }

  forget(name: string): void {
    this.announced.delete(name);
  }

  /** Whether it is too early to tell, for a job that was hired then (ms, monotonic): its bell may not have been heard. */
  mayHaveMissed(hiredAt: number): boolean {
    return this.clock.monotonic() - Math.max(this.subscribedAt, hiredAt) < UNHEARD_FOR;
  }

  private open(name: string): number[] {
    const now = this.clock.monotonic();
    return this.announced.get(name)?.filter((lapses) => lapses > now) ?? [];
  }
}
