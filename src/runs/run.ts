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
 * One run. States: going → over, when the chain has settled. If quit no longer waits: going → given up, which aborts the signal;
 * then over, if the chain settles within the grace period, or else abandoned: recorded, although its work may continue.
 */
export class Run {
  readonly event: RunEvent;
  readonly token: string;
  readonly abortion = new Abortion();
  /** The argument of `work`. */
  readonly context: Context;
  readonly lock: HeldLock;
  /** The setting of the job when the run began. */
  readonly keepAlive: boolean;
  state: 'going' | 'given up' | 'abandoned' | 'over' = 'going';
  /** Why its signal was aborted, by quit. */
  reason: BossmanError | null = null;
  /** Its lock has expired, which is not reported yet because quit is about to give up on the run. */
  expired = false;
  /** quit was called within the run, so the run may wait for quit. */
  quits = false;
  /** The message for subscribers of the run's channels; null if there are none. */
  trace: RunTrace | null = null;
  /** Settles with the chain; null until the chain was called. */
  worked: Promise<Ending> | null = null;
  /** Settles with Redis' answer to the end of the run; null until the chain was called. */
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

  /** quit no longer waits: aborts the run. */
  giveUp(): void {
    const { name } = this.job;
    const message = `this instance is quitting, and no longer waits for a run of '${name}'`;
    this.state = 'given up';
    this.reason = new BossmanError('QUIT', message, name);
    this.abortion.abort(this.reason);
  }
}
