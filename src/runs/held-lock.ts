import type { LostEvent } from '../events';
import type { Shared } from '../shared';
import type { Timer } from '../time/timers';
import type { Lease } from './ticket';

/** ms between two attempts to renew a lock if Redis refuses; shorter if little time is left. */
const RETRY = 200;

/**
 * The lock of one run. States: watched → let go, when the run has ended, or lost, which is reported once. A lock without
 * `keepAlive` is lost when it expires, and the run continues; any other loss aborts the run.
 */
export class HeldLock {
  private timer: Timer | null = null;
  private watched = true;
  /** The run has ended, or the instance has stopped. */
  private over = false;
  /** Redis is being asked who holds the lock. */
  private asking = false;

  constructor(
    private readonly lease: Lease,
    private readonly job: string,
    private readonly ttlMs: number,
    private readonly keepAlive: boolean,
    private readonly shared: Pick<Shared, 'store' | 'clock' | 'time'>,
    private readonly on: {
      /** Called once. */
      lost: (why: LostEvent['why']) => void;
      /** The run should stop. May also be called after `lost` reported that the lock expired. */
      abort: (why: LostEvent['why']) => void;
    },
  ) {}

  get endsAt(): number {
    return this.lease.lockEndsAt;
  }

  /** The run has ended. */
  letGo(): void {
    // The timer may be late, if the process was stalled or frozen.
    if (this.shared.clock.now() >= this.lease.lockEndsAt) this.expire();
    this.stop();
  }

  /** Stops watching the lock; nothing is reported after this. */
  stop(): void {
    this.over = true;
    this.unwatch();
  }

  /**
   * A bell says that another run got the lock at that time. Any client can ring it, and it may be older than this lock, so Redis
   * is asked before the run is aborted.
   */
  async taken(at: number): Promise<void> {
    if (at <= this.lease.lockedAt || this.asking || this.over) return;
    this.asking = true;
    const holder = await this.shared.store.lockHolder(this.job).catch(() => this.lease.token);
    this.asking = false;
    if (this.over || holder === this.lease.token) return;
    const now = this.shared.clock.bounds().latest;
    // No run holds it and ours has expired; another may have held and released it since.
    if (holder === null && now >= this.lease.lockEndsAt && (at < this.lease.lockEndsAt || at > now))
      this.expire();
    else this.lose('taken', true);
  }

  /** Waits for the lock to expire, or renews it each time that half of its ttl is left. */
  watch(): void {
    if (!this.watched) return;
    const rest = this.lease.lockEndsAt - this.shared.clock.now();
    this.wake(this.keepAlive ? rest - this.ttlMs / 2 : rest, () => {
      if (this.keepAlive) void this.renew();
      else if (this.shared.clock.now() < this.lease.lockEndsAt) this.watch();
      else this.expire();
    });
  }

  private async renew(): Promise<void> {
    const sentAt = this.shared.clock.now();
    const rest = this.lease.lockEndsAt - sentAt;
    if (rest <= 0) {
      this.expire();
      return;
    }
    // Redis may answer too late, or never.
    this.wake(rest, () => this.expire());
    const renewal = await this.shared.store.renew(this.job, this.lease.token, this.ttlMs).catch(() => null);
    if (!this.watched) return;
    if (renewal === null) {
      // Refused: try again while there is time.
      this.wake(Math.min(RETRY, rest / 4), () => void this.renew());
    } else if (renewal.verdict === 'renewed') {
      this.lease.lockEndsAt = renewal.at + this.ttlMs;
      this.watch();
    } else if (this.shared.clock.bounds().latest >= this.lease.lockEndsAt) {
      // The lock is gone at the end of its ttl: it expired because all renewals were refused.
      this.expire();
    } else {
      this.lose('taken', true);
    }
  }

  private wake(ms: number, call: () => void): void {
    this.shared.time.cancel(this.timer);
    this.timer = this.shared.time.after(ms, call);
  }

  private expire(): void {
    this.lose(this.keepAlive ? 'renewal' : 'expired', this.keepAlive);
  }

  private lose(why: LostEvent['why'], abort: boolean): void {
    if (abort) this.on.abort(why);
    if (!this.watched) return;
    this.unwatch();
    this.on.lost(why);
  }

  private unwatch(): void {
    this.watched = false;
    this.shared.time.cancel(this.timer);
  }
}
