import { PROCESS_TIME, type Time } from './time';
import type { Timer } from './timers';
import { turns } from './turns';

interface Alarm {
  key: string;
  dueAt: number;
  /** The order in which alarms were set: of alarms due at the same time, the one set first rings first. */
  order: number;
  live: boolean;
}

function isBefore(one: Alarm, other: Alarm): boolean {
  return one.dueAt < other.dueAt || (one.dueAt === other.dueAt && one.order < other.order);
}

/**
 * Alarms on Redis' clock, one per key: a heap ordered by time, and one timer for the earliest. An alarm that is replaced or
 * cleared stays in the heap, marked as dead, until it is due or the dead outnumber the living.
 */
export class Alarms {
  private readonly byKey = new Map<string, Alarm>();
  private heap: Alarm[] = [];
  private settings = 0;
  private timer: Timer | null = null;
  /** The `dueAt` for which the timer was set; Infinity: no timer, NaN: set before the clock was corrected. */
  private timerFor = Number.POSITIVE_INFINITY;
  /** A pass continues in the next turn of the event loop. */
  private interrupted = false;
  private stopped = false;

  /**
   * @param now Redis' clock, in ms
   * @param onDue called once per alarm, never early, with how late it is in ms
   */
  constructor(
    private readonly now: () => number,
    private readonly onDue: (key: string, lateMs: number) => void,
    private readonly time: Time = PROCESS_TIME,
  ) {}

  /** Sets the alarm of a key, replacing an earlier one. */
  set(key: string, dueAt: number): void {
    if (this.stopped) return;
    const old = this.byKey.get(key);
    if (old?.dueAt === dueAt) return;
    if (old) old.live = false;
    this.settings += 1;
    const alarm = { key, dueAt, order: this.settings, live: true };
    this.byKey.set(key, alarm);
    this.push(alarm);
    this.sweepSometimes();
    this.wait();
  }

  /** Sets the alarm of a key if it has none, or a later one. */
  hasten(key: string, dueAt: number): void {
    const set = this.byKey.get(key);
    if (!set || dueAt < set.dueAt) this.set(key, dueAt);
  }

  clear(key: string): void {
    const alarm = this.byKey.get(key);
    if (!alarm) return;
    alarm.live = false;
    this.byKey.delete(key);
    this.sweepSometimes();
  }

  /** Clears all alarms; none can be set after this. */
  stop(): void {
    this.stopped = true;
    this.byKey.clear();
    this.heap = [];
    this.time.cancel(this.timer);
    this.timer = null;
    this.timerFor = Number.POSITIVE_INFINITY;
  }

  /** The clock was corrected: sets the timer again. */
  realign(): void {
    if (this.stopped) return;
    this.timerFor = Number.NaN;
    this.wait();
  }

  /** One pass: rings all due alarms, in slices if that takes long, and waits for the rest. */
  step(): void {
    this.timer = null;
    this.timerFor = Number.POSITIVE_INFINITY;
    this.interrupted = false;
    // Read once, so that an alarm that is set again for now waits for the next pass.
    const now = this.now();
    for (let alarm = this.heap[0]; alarm && (!alarm.live || alarm.dueAt <= now); alarm = this.heap[0]) {
      this.pop();
      if (!alarm.live) continue;
      this.byKey.delete(alarm.key);
      this.onDue(alarm.key, now - alarm.dueAt);
      if (turns.hasTime()) continue;
      if (this.timer) this.time.cancel(this.timer);
      this.interrupted = true;
      turns.do(() => this.step());
      return;
    }
    this.wait();
  }

  private wait(): void {
    if (this.interrupted) return;
    let earliest = this.heap[0];
    while (earliest && !earliest.live) {
      this.pop();
      earliest = this.heap[0];
    }
    if (!earliest || earliest.dueAt === this.timerFor) return;
    this.time.cancel(this.timer);
    this.timerFor = earliest.dueAt;
    // If the wait is longer than a timer can hold, `step` sets the next timer.
    this.timer = this.time.after(earliest.dueAt - this.now(), () => this.step());
  }

  /** Removes the dead alarms when they outnumber the living. A sorted array is a heap. */
  private sweepSometimes(): void {
    if (this.heap.length <= 64 || this.heap.length <= 2 * this.byKey.size) return;
    this.heap = this.heap.filter((alarm) => alarm.live).sort((a, b) => (isBefore(a, b) ? -1 : 1));
  }

  private push(alarm: Alarm): void {
    const { heap } = this;
    let at = heap.length;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up];
      if (!parent || isBefore(parent, alarm)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = alarm;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      if (!left) break;
      const right = heap[2 * at + 2];
      const [child, down] = right && isBefore(right, left) ? [right, 2 * at + 2] : [left, 2 * at + 1];
      if (isBefore(last, child)) break;
      heap[at] = child;
      at = down;
    }
    heap[at] = last;
  }
}
