import type { Schedule } from '../schedule/schedule';
import { soon } from '../time/timers';
import { turns } from '../time/turns';
import type { Waiter } from './waiter';

/** Jobs per script call: enough to make the call cheap, few enough to block Redis for at most a millisecond. */
const TOGETHER = 100;

/** A hire to send to Redis. */
export interface ArmRequest<Reply> extends Waiter<Reply> {
  name: string;
  schedule: Schedule;
  /** The next slot of a cron plan. */
  next: number;
  sequence: number;
  /** ms on Redis' clock: a fire by another instance after this time wins; 0: no fire does */
  since: number;
}

/**
 * Combines the hires of one turn of the event loop into few script calls. If a combined call is refused, its requests
 * are resent one by one, so that each hire gets its own answer; resending is harmless.
 */
export class Arms<Reply> {
  private waiting: ArmRequest<Reply>[] = [];
  private readonly names = new Set<string>();

  /** @param send resolves with one answer per request, in order */
  constructor(private readonly send: (requests: ArmRequest<Reply>[]) => Promise<Reply[]>) {}

  add(request: ArmRequest<Reply>): void {
    // The script accepts each job only once per call.
    if (this.names.has(request.name)) this.flush();
    this.names.add(request.name);
    if (this.waiting.length === 0) soon(() => this.flush());
    this.waiting.push(request);
    if (this.waiting.length >= TOGETHER) this.flush();
  }

  /** Sends what is waiting. Call this before sending anything else, to keep the order of this instance's calls. */
  flush(): void {
    if (this.waiting.length === 0) return;
    const batch = this.waiting;
    this.waiting = [];
    this.names.clear();
    this.sendBatch(batch);
  }

  private sendBatch(batch: ArmRequest<Reply>[]): void {
    this.send(batch).then(
      (replies) => {
        turns.do(() => {
          for (const [index, reply] of replies.entries()) batch[index]?.answered(reply);
        });
      },
      (cause) => {
        if (batch.length === 1) batch[0]?.refused(cause);
        else for (const request of batch) this.sendBatch([request]);
      },
    );
  }
}
