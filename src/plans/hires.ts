import type { Job } from '../job';
import type { ArmRequest } from '../redis/arm-batches';
import type { PlanReply } from '../redis/replies';
import type { Waiter } from '../redis/waiter';
import type { Schedule } from '../schedule/schedule';
import type { Shared } from '../shared';
import { HIRE } from '../time/retry';

/**
 * Stores the plans of hired jobs. The caller hears of the first refusal; from then on the hire is sent again until Redis
 * takes it, or until a later hire or fire of the job.
 */
export class Hires {
  private reading: Promise<void> | null = null;

  constructor(
    private readonly shared: Shared,
    private readonly on: {
      /** What is stored for the job since it was hired with this plan. */
      stored: (job: Job, schedule: Schedule, reply: PlanReply) => void;
    },
  ) {}

  /** Sends a hire. Its sequence number is the job's `lastCall`. */
  send(job: Job, schedule: Schedule, waiter: Waiter<void>): void {
    // Since when a fire of another instance stands against this hire, by a clock that is only known within bounds. At first
    // a fire from before this call must not seem to come after it; once the hire was refused, and takes its time, one from
    // after it must not seem to come before.
    const { clock } = this.shared;
    const { earliest, latest } = clock.bounds();
    const since = clock.known ? Math.ceil(latest) : 0;
    const sinceWhenRetried = clock.known ? Math.floor(earliest) - 1 : 0;
    this.arm(new Hire(job, schedule, job.lastCall, since, sinceWhenRetried, this, waiter));
  }

  /**
   * Sends a hire that nobody waits for, again and again until Redis takes it.
   *
   * @param since ms on Redis' clock: a later fire of another instance stands; 0: the time of each try, less what it waited
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

  /** Whoever waits for the hire is told at once; the job itself is not given up. */
  refused({ job, schedule, sequence, sinceWhenRetried, waiter }: Hire, cause: unknown): void {
    if (sinceWhenRetried !== null)
      void this.sendUntilTaken(job, schedule, sequence, sinceWhenRetried, HIRE.first);
    waiter.refused(cause);
  }

  private arm(hire: Hire): void {
    // Cron needs to know what time it is; an interval is counted by the script.
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

  /** Once for all who wait for it. */
  private readClock(): Promise<void> {
    this.reading ??= this.shared.store.readClock().finally(() => {
      this.reading = null;
    });
    return this.reading;
  }
}

/** A hire on its way to Redis; no closures, as there may be thousands. */
class Hire implements ArmRequest<PlanReply> {
  readonly name: string;
  next = 0;

  /** @param sinceWhenRetried null: it is not retried when it is refused */
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
