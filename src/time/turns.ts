import { Origin } from './origin';
import { monotonicMs, nextTick, setImmediate, soon } from './timers';

/** ms of one turn of the event loop that may be spent here; the remaining tasks run in the next turn. */
const BUDGET = 10;
/** The most tasks that run in a row before their promise callbacks run, and count towards the turn's time. */
const MOST_TOGETHER = 32;
/** Finished tasks that stay in the queue's array before it is cut. */
const LONGEST_PAST = 1000;

/**
 * Cuts thousands of tasks (alarms due at once, answers that arrive together, the runs that begin with them) into slices.
 * Between two slices, the event loop serves timers, sockets and the user's own code. Tasks only wait when there are many.
 * All instances of a process share one object, because they share its event loop. So a task that waits keeps the async
 * context in which it was added: another instance may be the one that runs it.
 */
export class Turns {
  /** When this turn's first task began, on the monotonic clock; NaN if there was none yet. */
  private beganAt = Number.NaN;
  private queue: (() => void)[] = [];
  /** Finished tasks at the front of the queue. */
  private done = 0;
  /**
   * How many tasks run in a row before their promise callbacks run, and count towards the turn's time. If it were always 1, the
   * end of each run would be sent to Redis in a separate command. So the number grows while tasks are cheap, and is 1 again
   * after costly ones.
   */
  private together = 1;

  /** Whether there is time left in this turn. */
  hasTime(): boolean {
    const now = monotonicMs();
    if (Number.isNaN(this.beganAt)) {
      this.beganAt = now;
      setImmediate(() => this.nextTurn());
    }
    return now - this.beganAt < BUDGET;
  }

  /** Whether no task waits for a later turn. */
  get isIdle(): boolean {
    return this.queue.length === 0;
  }

  /** Runs the task at once, or in a later turn if others wait or this turn has no time left. Tasks run in order. */
  do(task: () => void): void {
    if (this.queue.length === 0 && this.hasTime()) task();
    else this.later(task);
  }

  /** As `do`, but returns the task's result; as a promise only if the task had to wait. */
  call<T>(task: () => T): T | Promise<T> {
    if (this.queue.length === 0 && this.hasTime()) return task();
    return new Promise((resolve, reject) => {
      this.later(() => {
        try {
          resolve(task());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  /** Calls `visit` for each item, in several turns if necessary. */
  each<T>(items: Iterable<T>, visit: (item: T) => void): void {
    const iterator = items[Symbol.iterator]();
    const some = () => {
      for (let item = iterator.next(); !item.done; item = iterator.next()) {
        visit(item.value);
        if (this.hasTime()) continue;
        this.do(some);
        return;
      }
    };
    this.do(some);
  }

  private later(task: () => void): void {
    const context = new Origin();
    this.queue.push(() => context.call(task));
  }

  private nextTurn(): void {
    this.beganAt = Number.NaN;
    if (this.queue.length > 0 && this.hasTime()) this.doNext();
  }

  private doNext(): void {
    const before = monotonicMs();
    try {
      for (let count = this.together; count > 0 && this.queue.length > 0; count -= 1) {
        this.next()();
        if (!this.hasTime()) break;
      }
    } finally {
      // A tick runs after all promise callbacks, so that what the tasks resolved counts towards this turn's time.
      if (this.queue.length > 0) soon(() => nextTick(() => this.goOn(monotonicMs() - before)));
      else this.together = 1;
    }
  }

  /** Continues after tasks that took `spent` ms, including the callbacks of the promises that they resolved. */
  private goOn(spent: number): void {
    if (spent > BUDGET / 2) this.together = 1;
    else if (spent < BUDGET / 4) this.together = Math.min(2 * this.together, MOST_TOGETHER);
    if (this.hasTime()) this.doNext();
  }

  private next(): () => void {
    const task = this.queue[this.done] as () => void;
    this.done += 1;
    if (this.done === this.queue.length || this.done >= LONGEST_PAST) {
      this.queue = this.queue.slice(this.done);
      this.done = 0;
    }
    return task;
  }
}

export const turns = new Turns();
