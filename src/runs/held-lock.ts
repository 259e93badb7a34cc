import type { LostEvent } from '../events';
import type { Shared } from '../shared';
import type { Timer } from '../time/timers';
import type { Lease } from './ticket';

/** ms between two tries to renew a lock when Redis refuses; shorter when little time is left. */
const RETRY = 200;

/**
 * The lock of one run. States: watched → let go, when the run is over, or lost, which is told once. A lock that is not
 * kept alive is lost when it expires, and the run goes on; any other loss is a reason to stop.
 */
export class HeldLock {
  private timer: Timer | null = null;
  private watched = true;
  /** The run is over, or nobody cares any more. */
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
      /** Told once. */
      lost: (why: LostEvent['why']) => void;
      /** The run should stop; also after it was told that the lock expired. */
      abort: (why: LostEvent['why']) => void;
    },
  ) {}

  get endsAt(): number {
    return this.lease.lockEndsAt;
  }

  /** The run is over. */
  letGo(): void {
    // The timer may have had no chance: the process was stalled, or frozen.
    if (this.shared.clock.now() >= this.lease.lockEndsAt) this.expire();
    this.stop();
  }

  /** Nobody looks after it any more; nothing is told of it from here on. */
  stop(): void {
    this.over = true;
    this.unwatch();
  }

  /**
   * A bell says that another was given the lock at that time. Anybody may ring it, and it may be older than this lock, so
   * the run is not aborted before Redis has been asked.
   */
  async taken(at: number): Promise<void> {
    if (at <= this.lease.lockedAt || this.asking || this.over) return;
    this.asking = true;
    const holder = await this.shared.store.lockHolder(this.job).catch(() => this.lease.token);
    this.asking = false;
    if (this.over || holder === this.lease.token) return;
    const now = this.shared.clock.bounds().latest;
    // Nobody has it, and ours has ended: another may have had it since, and released it.
    if (holder === null && now >= this.lease.lockEndsAt && (at < this.lease.lockEndsAt || at > now))
      this.expire();
    else this.lose('taken', true);
  }

  /** Waits for the lock to end, or renews it: when half of its time is left, and then as often as time is left for. */
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
    // Redis may not answer in time, or at all.
    this.wake(rest, () => this.expire());
    const renewal = await this.shared.store.renew(this.job, this.lease.token, this.ttlMs).catch(() => null);
    if (!this.watched) return;
    if (renewal === null) {
      // Refused: again while there is time.
      this.wake(Math.min(RETRY, rest / 4), () => void this.renew());
    } else if (renewal.verdict === 'renewed') {
      this.lease.lockEndsAt = renewal.at + this.ttlMs;
      this.watch();
    } else if (this.shared.clock.bounds().latest >= this.lease.lockEndsAt) {
      // A lock that is gone at the end of its time has ended by itself, after refusals that went on until then.
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
