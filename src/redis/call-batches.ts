import { nextTick } from '../time/timers';
import { turns } from '../time/turns';

/** Calls in one script: enough to make the script itself cheap, few enough that Redis is busy for a ms at most. */
const TOGETHER = 32;

export interface ScriptCall<Verb> {
  verb: Verb;
  keys: string[];
  args: (string | number)[];
}

interface Waiting<Verb> {
  call: ScriptCall<Verb>;
  /** Takes in the answer; an Error when the call was refused. */
  settle: (answer: unknown) => void;
  reject: (why: unknown) => void;
}

/**
 * Lets script calls that are made in one turn of the event loop travel together, as most of what a command costs is the
 * command itself. The first leaves at once, as it mostly is the only one. Their order stays, and none waits for longer than
 * the turn.
 */
export class Batches<Verb> {
  private inTurn = false;
  private waiting: Waiting<Verb>[] = [];

  /**
   * @param sendOne resolves with the call's answer
   * @param sendMany resolves with one answer for each call, in their order; an Error for one that was refused
   */
  constructor(
    private readonly sendOne: (call: ScriptCall<Verb>) => Promise<unknown>,
    private readonly sendMany: (calls: ScriptCall<Verb>[]) => Promise<unknown[]>,
  ) {}

  /**
   * Resolves with what `read` makes of the call's answer.
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

  /** Nothing waits any more; to be called before anything else is sent, and before what may keep the process busy. */
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
