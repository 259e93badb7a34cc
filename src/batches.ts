/** Calls in one script: enough to make the script itself cheap, few enough that Redis is busy for a ms at most. */
const TOGETHER = 32;

export interface ScriptCall<Verb> {
  verb: Verb;
  keys: string[];
  args: (string | number)[];
}

interface Waiting<Verb> extends ScriptCall<Verb> {
  resolve: (answer: unknown) => void;
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

  call(verb: Verb, keys: string[], args: (string | number)[]): Promise<unknown> {
    if (!this.inTurn) {
      this.inTurn = true;
      process.nextTick(() => {
        this.inTurn = false;
        this.flush();
      });
      return this.sendOne({ verb, keys, args });
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ verb, keys, args, resolve, reject });
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
      this.sendOne(first).then(first.resolve, first.reject);
      return;
    }
    this.sendMany(batch).then(
      (answers) => {
        for (const [index, { resolve, reject }] of batch.entries()) {
          const answer = answers[index];
          if (answer instanceof Error) reject(answer);
          else resolve(answer);
        }
      },
      (cause) => {
        for (const { reject } of batch) reject(cause);
      },
    );
  }
}
