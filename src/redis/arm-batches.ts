import type { Schedule } from '../schedule/schedule';
import { soon } from '../time/timers';
import { turns } from '../time/turns';
import type { Waiter } from './waiter';

/** Jobs in one script call: enough to make the call itself cheap, few enough that Redis is busy for a ms at most. */
const TOGETHER = 100;

/** A hire that is to reach Redis. */
export interface ArmRequest<Reply> extends Waiter<Reply> {
  name: string;
  schedule: Schedule;
  /** The next slot of a cron plan. */
  next: number;
  sequence: number;
  /** ms on Redis' clock: a fire that another instance made later stands; 0: none does */
  since: number;
}

/**
 * The hires of one turn of the event loop, in one script call for many. What is refused together is sent again one by
 * one, which is harmless, so that each hire has an answer of its own.
 */
export class Arms<Reply> {
  private waiting: ArmRequest<Reply>[] = [];
  private readonly names = new Set<string>();

  /** @param send resolves with one answer for each request, in their order */
  constructor(private readonly send: (requests: ArmRequest<Reply>[]) => Promise<Reply[]>) {}

  add(request: ArmRequest<Reply>): void {
    // The script takes each job once.
    if (this.names.has(request.name)) this.flush();
    this.names.add(request.name);
    if (this.waiting.length === 0) soon(() => this.flush());
    this.waiting.push(request);
    if (this.waiting.length >= TOGETHER) this.flush();
  }

  /** To be called before anything else is sent, as one instance's calls keep their order. */
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
