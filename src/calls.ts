import { BossmanError, messageOf } from './errors';
import type { Teller } from './events';
import { within } from './timers';

/** Calls that the error of an early quit names. */
const SHOWN = 10;

interface Unanswered {
  verb: string;
  job: string | null;
  reject: (error: BossmanError) => void;
}

/** What is under way in an instance: calls of the caller's, and the claims, takes and runs that quit waits for. */
export class Calls {
  private readonly underWay = new Set<Promise<unknown>>();
  /** Calls of the caller's that Redis has not answered; there may be thousands. */
  private readonly unanswered = new Map<Promise<unknown>, Unanswered>();
  /** The instance quits: nothing new is begun for the caller. */
  closed = false;

  constructor(private readonly teller: Teller) {}

  /** Has quit wait for it. */
  track<T>(promise: Promise<T>): Promise<T> {
    this.underWay.add(promise);
    const done = () => this.underWay.delete(promise);
    promise.then(done, done);
    return promise;
  }

  /**
   * Calls Redis for the caller, who may look at the promise or not: a failure is told as well, and never an unhandled
   * rejection.
   */
  perform<T>(verb: string, job: string | null, call: () => Promise<T>): Promise<T> {
    const answered = new Promise<T>((resolve, rejectIt) => {
      const reject = (error: BossmanError) => {
        // Not before: nearly all resolve, and thousands may be made at once.
        answered.catch(ignore);
        rejectIt(error);
      };
      const calling = this.closed ? Promise.reject(new Error('this instance has quit')) : call();
      this.unanswered.set(calling, { verb, job, reject });
      calling.then(
        (answer) => {
          this.unanswered.delete(calling);
          this.teller.over(verb);
          resolve(answer);
        },
        (cause: unknown) => {
          // Given up already, and told.
          if (!this.unanswered.delete(calling)) return;
          const error = this.failure(verb, job, cause);
          this.teller.trouble(error, this.closed ? undefined : verb);
          reject(error);
        },
      );
    });
    return answered;
  }

  /**
   * Waits for all that is under way, and for what that starts in turn, for as long as there is a rest (ms) of time. What
   * Redis has not answered by then is told, in one error, and rejected: a client that is closed while it reconnects would
   * keep it.
   */
  async drain(rest: () => number): Promise<void> {
    while (this.underWay.size + this.unanswered.size > 0 && rest() > 0) {
      await within(rest(), Promise.allSettled([...this.underWay, ...this.unanswered.keys()]));
    }
    if (this.unanswered.size === 0) return;
    this.teller.trouble(new BossmanError('QUIT', `quit before Redis answered: ${this.summary()}`));
    for (const { verb, job, reject } of this.unanswered.values()) reject(this.failure(verb, job, null));
    this.unanswered.clear();
  }

  private failure(verb: string, job: string | null, cause: unknown): BossmanError {
    const what = named(verb, job);
    if (cause === null) return new BossmanError('QUIT', `quit before Redis answered: ${what}`, job);
    return new BossmanError(
      this.closed ? 'QUIT' : 'COMMAND',
      `${what} failed: ${messageOf(cause)}`,
      job,
      cause,
    );
  }

  /** `hire of 'a', demand of 'b' (500 times)` */
  private summary(): string {
    const counts = new Map<string, number>();
    for (const { verb, job } of this.unanswered.values()) {
      const what = named(verb, job);
      counts.set(what, (counts.get(what) ?? 0) + 1);
    }
    const shown = [...counts]
      .slice(0, SHOWN)
      .map(([what, count]) => (count > 1 ? `${what} (${count} times)` : what));
    const more = counts.size - shown.length;
    return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  }
}

function named(verb: string, job: string | null): string {
  return job === null ? verb : `${verb} of '${job}'`;
}

function ignore(): void {}
