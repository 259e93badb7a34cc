import type { Job } from '../job';
import type { ArmRequest } from '../redis/arm-batches';
import type { PlanReply } from '../redis/replies';
import type { Waiter } from '../redis/waiter';
import type { Schedule } from '../schedule/schedule';
import type { Shared } from '../shared';
import { HIRE } from '../time/retry';

/**
 * Stores the plans of hired jobs. The first refusal is reported to the caller; after that the hire is retried until Redis
 * accepts it, or until the job is hired or fired again.
 */
export class Hires {
  private reading: Promise<void> | null = null;

  constructor(
    private readonly shared: Shared,
    private readonly on: {
      /** Redis answered with what is stored for the job. */
      stored: (job: Job, schedule: Schedule, reply: PlanReply) => void;
    },
  ) {}

  /** Sends a hire. Its sequence number is the job's `lastCall`. */
  send(job: Job, schedule: Schedule, waiter: Waiter<void>): void {
    // A fire by another instance overrides this hire if it is later, but Redis' clock is only known within bounds. On the first
    // try, an earlier fire must not seem later, so use the latest possible time; on a retry, a later fire must not seem
    // earlier, so use the earliest possible time.
    const { clock } = this.shared;
    const { earliest, latest } = clock.bounds();
    const since = clock.known ? Math.ceil(latest) : 0;
    const sinceWhenRetried = clock.known ? Math.floor(earliest) - 1 : 0;
    this.arm(new Hire(job, schedule, job.lastCall, since, sinceWhenRetried, this, waiter));
  }

  /**
   * Sends a hire that no caller waits for, until Redis accepts it.
   *
   * @param since ms on Redis' clock: a fire by another instance after this time wins; 0: the time of each try, less its wait
   * @param before ms before the first try
   */
  async sendUntilTaken(
    job: Job,
    schedule: Schedule,
    call: number,
    since: number,
    before: number,
  ): Promise<void> {
    const { clock, retries } = this.shared;
    const send = async (waited: number) => {
      if (!clock.known) await this.readClock();
      const sinceNow = since || Math.floor(clock.now() - waited);
      return new Promise<true>((resolve, refused) => {
        const answered = () => resolve(true);
        this.arm(new Hire(job, schedule, call, sinceNow, null, this, { answered, refused }));
      });
    };
    await retries.until('hire', job.name, send, {
      waits: HIRE,
      before,
      isWanted: () => job.lastCall === call,
    });
  }

  /** Redis has answered a hire. */
  armed(hire: Hire, reply: PlanReply): void {
    const { job, schedule } = hire;
    this.shared.teller.over('hire', job.name);
    if (reply.verdict === 'stale' && job.lastCall === hire.sequence) {
      this.arm(hire);
      return;
    }
    this.on.stored(job, schedule, reply);
    hire.waiter.answered();
  }

  /** Reports the refusal to the caller immediately, and retries. */
  refused({ job, schedule, sequence, sinceWhenRetried, waiter }: Hire, cause: unknown): void {
    if (sinceWhenRetried !== null)
      void this.sendUntilTaken(job, schedule, sequence, sinceWhenRetried, HIRE.first);
    waiter.refused(cause);
  }

  private arm(hire: Hire): void {
    // The first slot of a cron plan depends on Redis' clock; for an interval, the script computes it.
    if (hire.schedule.everyMs !== null) this.shared.store.arm(hire);
    else this.armCron(hire).catch((cause: unknown) => hire.refused(cause));
  }

  private async armCron(hire: Hire): Promise<void> {
    const { clock, store } = this.shared;
    if (!clock.known) await this.readClock();
    const now = clock.now();
    hire.next = hire.schedule.next(now, now);
    store.arm(hire);
  }

  /** Shared by all hires that wait for the clock. */
  private readClock(): Promise<void> {
    this.reading ??= this.shared.store.readClock().finally(() => {
      this.reading = null;
    });
    return this.reading;
  }
}

/** A hire that was sent to Redis. It has no closures, because there may be thousands. */
class Hire implements ArmRequest<PlanReply> {
  readonly name: string;
  next = 0;

  /** @param sinceWhenRetried `since` of the retries; null: it is not retried */
  constructor(
    readonly job: Job,
    readonly schedule: Schedule,
    readonly sequence: number,
    readonly since: number,
    readonly sinceWhenRetried: number | null,
    private readonly hires: Hires,
    readonly waiter: Waiter<void>,
  ) {
    this.name = job.name;
  }

  answered(reply: PlanReply): void {
    try {
      this.hires.armed(this, reply);
    } catch (cause) {
      this.refused(cause);
    }
  }

  refused(cause: unknown): void {
    this.hires.refused(this, cause);
  }
}
