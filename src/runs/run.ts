import { BossmanError } from '../errors';
import type { RunEvent } from '../events';
import type { Job } from '../job';
import type { Ending } from '../redis/records';
import type { SettleReply } from '../redis/replies';
import type { RunTrace } from '../telling/trace';
import { Abortion, Context } from './context';
import type { HeldLock } from './held-lock';
import type { Ticket } from './ticket';

/**
 * One run. States: going → over, when the chain has settled. When quit waits no longer: going → given up, which aborts the
 * signal; then over, if the chain settles within the grace, or else abandoned: recorded, although its work may go on.
 */
export class Run {
  readonly event: RunEvent;
  readonly token: string;
  readonly abortion = new Abortion();
  /** What `work` gets. */
  readonly context: Context;
  readonly lock: HeldLock;
  /** As the job was hired when the run began. */
  readonly keepAlive: boolean;
  state: 'going' | 'given up' | 'abandoned' | 'over' = 'going';
  /** Why its signal was aborted, by quit. */
  reason: BossmanError | null = null;
  /** Its lock has ended, which is not reported yet: quit is about to give up on it. */
  expired = false;
  /** quit was called in it, so it may wait for quit. */
  quits = false;
  /** What subscribers of the run's channels are given; null: nobody subscribes. */
  trace: RunTrace | null = null;
  /** Settles when the chain has; null: the chain is being called. */
  worked: Promise<Ending> | null = null;
  /** Settles when Redis knows of that, too, with what it says of the job; null: as above. */
  over: Promise<SettleReply> | null = null;

  /**
   * @param startedAt ms on Redis' clock
   * @param beganAt the same moment on the process's monotonic clock, in ms
   */
  constructor(
    readonly job: Job,
    ticket: Ticket,
    startedAt: number,
    readonly beganAt: number,
    hold: (run: Run) => HeldLock,
  ) {
    const { slot, demandedAt, recovered, token } = ticket;
    const lateness = startedAt - (slot ?? demandedAt ?? startedAt);
    this.event = { job: job.name, slot, demandedAt, recovered, startedAt, lateness };
    this.token = token;
    this.context = new Context(job.name, slot, demandedAt, recovered, this.abortion);
    this.keepAlive = job.settings.keepAlive;
    this.lock = hold(this);
  }

  /** quit waits no longer: the run should end. */
  giveUp(): void {
    const { name } = this.job;
    const message = `this instance is quitting, and no longer waits for a run of '${name}'`;
    this.state = 'given up';
    this.reason = new BossmanError('QUIT', message, name);
    this.abortion.abort(this.reason);
  }
}
