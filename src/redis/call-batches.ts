import { nextTick } from '../time/timers';
import { turns } from '../time/turns';

/** Calls per script: enough to make the script cheap, few enough to block Redis for at most a millisecond. */
const TOGETHER = 32;

export interface ScriptCall<Verb> {
  verb: Verb;
  keys: string[];
  args: (string | number)[];
}

interface Waiting<Verb> {
  call: ScriptCall<Verb>;
  /** Receives the answer; an Error if the call was refused. */
  settle: (answer: unknown) => void;
  reject: (why: unknown) => void;
}

/**
 * Combines the script calls of one turn of the event loop, because most of a command's cost is fixed. The first call is
 * sent immediately, as it is usually the only one. Calls keep their order, and none waits longer than the turn.
 */
export class Batches<Verb> {
  private inTurn = false;
  private waiting: Waiting<Verb>[] = [];

  /**
   * @param sendOne resolves with the call's answer
   * @param sendMany resolves with one answer per call, in order; an Error for a refused call
   */
  constructor(
    private readonly sendOne: (call: ScriptCall<Verb>) => Promise<unknown>,
    private readonly sendMany: (calls: ScriptCall<Verb>[]) => Promise<unknown[]>,
  ) {}

  /**
   * Resolves with what `read` returns for the call's answer.
   *
   * @param read may throw
   */
  call<T>(call: ScriptCall<Verb>, read: (answer: unknown) => T): Promise<T> {
    if (!this.inTurn) {
      this.inTurn = true;
      nextTick(() => {
        this.inTurn = false;
        this.flush();
      });
      return this.sendOne(call).then(read);
    }
    return new Promise((resolve, reject) => {
      const settle = (answer: unknown) => {
        try {
          if (answer instanceof Error) reject(answer);
          else resolve(read(answer));
        } catch (error) {
          reject(error);
        }
      };
      this.waiting.push({ call, settle, reject });
      if (this.waiting.length >= TOGETHER) this.flush();
    });
  }

  /**
   * Sends everything that is waiting. Call this before sending anything else, and before anything that may block the
   * event loop.
   */
  flush(): void {
    const batch = this.waiting;
    const [first] = batch;
    if (!first) return;
    this.waiting = [];
    if (batch.length === 1) {
      this.sendOne(first.call).then(first.settle, first.reject);
      return;
    }
    this.sendMany(batch.map(({ call }) => call)).then(
      (answers) => {
        turns.do(() => {
          for (const [index, { settle }] of batch.entries()) settle(answers[index]);
        });
      },
      (cause) => {
        for (const { reject } of batch) reject(cause);
      },
    );
  }
}
