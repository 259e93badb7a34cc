import { BossmanError } from '../errors';
import type { Teller } from '../events';
import { explained } from '../redis/refusals';
import type { Waiter } from '../redis/waiter';
import type { Origin } from '../time/origin';
import type { Time } from '../time/time';
import { soon } from '../time/timers';
import { listed } from './listed';

/** How many calls or jobs the error of an early quit names. */
const SHOWN = 10;

interface Unanswered {
  readonly verb: string;
  readonly job: string | null;
  readonly promise: Promise<unknown>;
  reject(error: BossmanError): void;
}

/** What is in progress in an instance: calls of its methods, and the claims, takes and runs that quit waits for. */
export class Calls {
  private readonly underWay = new Set<Promise<unknown>>();
  /** Calls of methods that Redis has not answered; there may be thousands. */
  private readonly unanswered = new Set<Unanswered>();
  /** What Redis refused during quit, by the reason: quit reports it together. */
  private readonly refusedAtQuit = new Map<string, { calls: string[]; cause: unknown }>();
  /** The verbs of calls that were made after quit. */
  private readonly refusedSince = new Set<string>();
  /** The instance quits: further calls are refused. */
  closed = false;

  /** @param origin calls are carried out in this async context, not in the caller's */
  constructor(
    private readonly teller: Teller,
    private readonly origin: Origin,
    private readonly time: Time,
  ) {}

  /** Makes quit wait for a promise. */
  track<T>(promise: Promise<T>): Promise<T> {
    this.underWay.add(promise);
    const done = () => this.underWay.delete(promise);
    promise.then(done, done);
    return promise;
  }

  /**
   * Calls Redis for a caller, who may ignore the promise: a failure is also reported, and is never an unhandled rejection.
   */
  perform<T>(verb: string, job: string | null, call: () => Promise<T>): Promise<T> {
    return this.begin(verb, job, (waiter) => {
      call().then(
        (answer) => waiter.answered(answer),
        (cause: unknown) => waiter.refused(cause),
      );
    });
  }

  /** The same for a call that may be made thousands of times at once: its outcome is passed to a waiter. */
  begin<T>(verb: string, job: string | null, ask: (waiter: Waiter<T>) => void): Promise<T> {
    return this.origin.call(() => {
      const call = new Call<T>(verb, job, this);
      // The call may only fail after this has returned.
      if (this.closed) {
        soon(() => this.refuse(call));
      } else {
        ask(call);
        this.unanswered.add(call);
      }
      return call.promise;
    });
  }

  /** Redis has answered. */
  answered(call: Unanswered): void {
    this.unanswered.delete(call);
    this.teller.over(call.verb);
  }

  /** Redis has refused. */
  refused(call: Unanswered, cause: unknown): void {
    // Already given up and reported.
    if (!this.unanswered.delete(call)) return;
    const error = this.failure(call, cause);
    if (this.closed && error !== cause) this.noteRefusal(call, cause);
    else this.teller.trouble(error, this.closed ? undefined : call.verb);
    call.reject(error);
  }

  private noteRefusal({ verb, job }: Unanswered, cause: unknown): void {
    const reason = explained(cause);
    const alike = this.refusedAtQuit.get(reason) ?? { calls: [], cause };
    alike.calls.push(named(verb, job));
    this.refusedAtQuit.set(reason, alike);
  }

  /** Refuses a call that is made after quit. Only the first of each kind is reported. */
  private refuse(call: Unanswered): void {
    const error = this.failure(call, new Error('this instance has quit'));
    if (!this.refusedSince.has(call.verb)) this.teller.trouble(error);
    this.refusedSince.add(call.verb);
    call.reject(error);
  }

  /**
   * Waits for everything in progress, and for what that starts in turn, until no time (`rest`, in ms) is left.
   */
  async drain(rest: () => number): Promise<void> {
    while (this.underWay.size + this.unanswered.size > 0 && rest() > 0) {
      const answers = Array.from(this.unanswered, ({ promise }) => promise);
      await this.time.within(rest(), Promise.allSettled([...this.underWay, ...answers]));
    }
  }

  /**
   * Reports calls that Redis has refused during quit, in one error for each reason, and those that it has not answered, in
   * another. Rejects the latter: a client that is closed while it reconnects would never settle them.
   */
  giveUp(): void {
    for (const [reason, { calls, cause }] of this.refusedAtQuit)
      this.teller.trouble(new BossmanError('QUIT', `${tally(calls)} failed: ${reason}`, null, cause));
    this.refusedAtQuit.clear();
    if (this.unanswered.size === 0) return;
    this.teller.trouble(new BossmanError('QUIT', `quit before Redis answered: ${tally(this.whats())}`));
    for (const call of this.unanswered) call.reject(this.failure(call, null));
    this.unanswered.clear();
  }

  private *whats(): Iterable<string> {
    for (const { verb, job } of this.unanswered) yield named(verb, job);
  }

  private failure({ verb, job }: Unanswered, cause: unknown): BossmanError {
    const what = named(verb, job);
    if (cause instanceof BossmanError) return cause;
    if (cause === null) return new BossmanError('QUIT', `quit before Redis answered: ${what}`, job);
    return new BossmanError(
      this.closed ? 'QUIT' : 'COMMAND',
      `${what} failed: ${explained(cause)}`,
      job,
      cause,
    );
  }
}

/** `hire of 'a', demand of 'b' (500 times)` */
export function tally(things: Iterable<string>): string {
  const counts = new Map<string, number>();
  for (const thing of things) counts.set(thing, (counts.get(thing) ?? 0) + 1);
  const tallied = Array.from(counts, ([thing, count]) => (count > 1 ? `${thing} (${count} times)` : thing));
  return listed(tallied, SHOWN);
}

/** A call of one of the instance's methods. */
class Call<T> implements Unanswered, Waiter<T> {
  readonly promise: Promise<T>;
  private resolveIt: (answer: T) => void = ignore;
  private rejectIt: (error: BossmanError) => void = ignore;

  constructor(
    readonly verb: string,
    readonly job: string | null,
    private readonly calls: Calls,
  ) {
    this.promise = new Promise<T>((resolve, reject) => {
      this.resolveIt = resolve;
      this.rejectIt = reject;
    });
  }

  answered(answer: T): void {
    this.calls.answered(this);
    this.resolveIt(answer);
  }

  refused(cause: unknown): void {
    this.calls.refused(this, cause);
  }

  reject(error: BossmanError): void {
    // Created only now, because nearly all calls resolve, and thousands may be made at once.
    this.promise.catch(ignore);
    this.rejectIt(error);
  }
}

function named(verb: string, job: string | null): string {
  return job === null ? verb : `${verb} of '${job}'`;
}

function ignore(): void {}
