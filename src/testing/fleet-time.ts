import { inside } from '../runs/inside';
import { after, drained, macrotask, type Timer } from '../time/timers';
import { turns } from '../time/turns';

/** ms of real time that the end of a fleet waits for work that takes real time. */
const PATIENCE = 1000;

/** A wait in fleet time. */
export class Wait implements Timer {
  dueAt = 0;
  /** Waits that are due at the same time end in the order in which they were set. */
  order = 0;

  /** @param call null once the wait has ended or was cancelled */
  constructor(private call: (() => void) | null) {}

  get isOver(): boolean {
    return this.call === null;
  }

  end(): void {
    const { call } = this;
    this.call = null;
    call?.();
  }

  cancel(): void {
    this.call = null;
  }

  /** Does nothing: a wait never keeps a process alive. */
  unref(): void {}
}

/**
 * The clock of a fleet in memory. It stands still until it is moved, from one wait to the next. Before each step, it waits
 * until everything has settled: promises, messages, and the work of runs, which may take real time.
 */
export class FleetTime {
  /** Sorted by time, latest first: the next one is at the end. */
  private readonly waits: Wait[] = [];
  private order = 0;
  /** The number of waits for fleet time of each run whose work is in progress. */
  private readonly working = new Map<object, number>();
  /** The number of these runs that wait for no fleet time: the clock stands still for them. */
  private awake = 0;
  /** The number of brief waits, which end by themselves. */
  private briefs = 0;
  /** Called when no run is awake. */
  private readonly watchers = new Set<() => void>();
  private hasEnded = false;

  /**
   * @param now ms since the epoch, whole
   * @param calls returns the number of scripts carried out so far
   */
  constructor(
    public now: number,
    private readonly calls: () => number,
  ) {}

  /** Moves the clock to a time, and ends each wait that comes due. Returns false if the clock was ended meanwhile. */
  async to(end: number): Promise<boolean> {
    // Lets calls that the test has just made take effect.
    await macrotask();
    await this.settle();
    while (!this.hasEnded && this.stepTo(end)) await this.settle();
    if (this.hasEnded) return false;
    this.now = end;
    return true;
  }

  /** Ends the clock: moves it from wait to wait until the promise has settled, and never again. */
  async end(promise: Promise<unknown>): Promise<void> {
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    promise.then(over, over);
    if (this.awake > 0) await Promise.race([this.allAsleep(), realWait(PATIENCE)]);
    this.hasEnded = true;
    for (const watcher of this.watchers) watcher();
    await macrotask();
    while (!isOver) {
      if (this.stepTo(Number.POSITIVE_INFINITY)) await macrotask();
      else await realWait(1);
    }
  }

  after(ms: number, call: () => void): Wait {
    const wait = new Wait(call);
    this.insert(wait, this.now + Math.max(0, Math.ceil(ms) || 0));
    return wait;
  }

  /** Resolves when that much fleet time has passed. */
  sleep(ms: number): Promise<void> {
    const { run } = inside;
    this.change(run, 1);
    return new Promise((resolve) => {
      this.after(ms, () => {
        this.change(run, -1);
        resolve();
      });
    });
  }

  /** See `Time.brief`. */
  brief(call: () => void): Wait {
    const wait = new Wait(call);
    this.briefs += 1;
    void macrotask().then(() => {
      this.briefs -= 1;
      wait.end();
    });
    return wait;
  }

  /** The work of a run begins: the clock stands still until it has ended. */
  hold(run: object): void {
    this.working.set(run, 0);
    this.wake(1);
  }

  /** The work of a run has ended, or its instance has crashed: the clock no longer waits for it. */
  letGo(run: object): void {
    if (this.working.get(run) === 0) this.wake(-1);
    this.working.delete(run);
  }

  /** Resolves when everything that can happen at this fleet time has happened. */
  private async settle(): Promise<void> {
    let calls: number;
    do {
      calls = this.calls();
      if (this.briefs === 0 && turns.isIdle) await drained();
      else await macrotask();
      if (this.awake > 0) await this.allAsleep();
    } while (this.awake > 0 || this.briefs > 0 || calls !== this.calls() || !turns.isIdle);
  }

  /** Moves the clock to the next wait, unless that is after `end`, and ends all waits that are due then. */
  private stepTo(end: number): boolean {
    let next = this.next();
    if (!next || next.dueAt > end) return false;
    this.now = Math.max(this.now, next.dueAt);
    // Waits that are set meanwhile for the same time end in the next step, after everything has settled.
    const { order } = this;
    while (next && next.dueAt <= this.now && next.order <= order) {
      this.waits.pop();
      next.end();
      next = this.next();
    }
    return true;
  }

  private next(): Wait | undefined {
    while (this.waits.at(-1)?.isOver) this.waits.pop();
    return this.waits.at(-1);
  }

  private insert(wait: Wait, dueAt: number): void {
    this.order += 1;
    wait.dueAt = dueAt;
    wait.order = this.order;
    let from = 0;
    let to = this.waits.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.waits[middle]?.dueAt ?? 0) > dueAt) from = middle + 1;
      else to = middle;
    }
    this.waits.splice(from, 0, wait);
  }

  private allAsleep(): Promise<void> {
    return new Promise((resolve) => {
      const watcher = () => {
        this.watchers.delete(watcher);
        resolve();
      };
      this.watchers.add(watcher);
    });
  }

  /** A run begins or ends a wait for fleet time. `run` is undefined for a wait outside of runs. */
  private change(run: object | undefined, by: 1 | -1): void {
    const was = run && this.working.get(run);
    if (!run || was === undefined) return;
    this.working.set(run, was + by);
    if (was === 0) this.wake(-1);
    else if (was + by === 0) this.wake(1);
  }

  private wake(by: 1 | -1): void {
    this.awake += by;
    if (this.awake === 0) for (const watcher of this.watchers) watcher();
  }
}

function realWait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    after(ms, resolve);
  });
}
