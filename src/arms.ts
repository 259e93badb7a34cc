import type { Schedule } from './schedule';

/** Jobs in one script call: enough to make the call itself cheap, few enough that Redis is busy for a ms at most. */
const TOGETHER = 100;

/** A hire that is to reach Redis. */
export interface ArmRequest {
  name: string;
  schedule: Schedule;
  /** The next slot of a cron plan. */
  next: number;
  sequence: number;
  /** ms on Redis' clock: a fire that another instance made later stands; 0: none does */
  since: number;
}

interface Waiting<Reply> {
  request: ArmRequest;
  resolve: (reply: Reply | Promise<Reply>) => void;
  reject: (why: unknown) => void;
}

/**
 * The hires of one turn of the event loop, in one script call for many. What is refused together is sent again one by
 * one, which is harmless, so that each hire has an answer of its own.
 */
export class Arms<Reply> {
  private waiting: Waiting<Reply>[] = [];
  private readonly names = new Set<string>();

  /** @param send resolves with one answer for each request, in their order */
  constructor(private readonly send: (requests: ArmRequest[]) => Promise<Reply[]>) {}

  add(request: ArmRequest): Promise<Reply> {
    // The script takes each job once.
    if (this.names.has(request.name)) this.flush();
    this.names.add(request.name);
    if (this.waiting.length === 0) queueMicrotask(() => this.flush());
    const answered = new Promise<Reply>((resolve, reject) => {
      this.waiting.push({ request, resolve, reject });
    });
    if (this.waiting.length >= TOGETHER) this.flush();
    return answered;
  }

  /** To be called before anything else is sent, as one instance's calls keep their order. */
  flush(): void {
    if (this.waiting.length === 0) return;
    const batch = this.waiting;
    this.waiting = [];
    this.names.clear();
    this.send(batch.map(({ request }) => request)).then(
      (replies) => {
        for (const [index, reply] of replies.entries()) batch[index]?.resolve(reply);
      },
      (cause) => {
        for (const { request, resolve, reject } of batch) {
          if (batch.length === 1) reject(cause);
          else resolve(this.send([request]).then(([reply]) => reply ?? Promise.reject(cause)));
        }
      },
    );
  }
}
