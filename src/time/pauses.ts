import { PROCESS_TIME, type Time } from './time';
import type { Timer } from './timers';

/** Waits that end early when the instance stops, so that nothing keeps a process alive. */
export class Pauses {
  private readonly pending = new Map<Timer, (goOn: boolean) => void>();
  stopped = false;

  constructor(private readonly time: Time = PROCESS_TIME) {}

  /** Resolves with true after `ms`, 25 days at most, or with false as soon as the instance stops. */
  pause(ms: number): Promise<boolean> {
    return this.wait((call) => this.time.after(ms, call));
  }

  /** The same within a call by the user; see `Time.brief`. */
  brief(ms: number): Promise<boolean> {
    return this.wait((call) => this.time.brief(ms, call));
  }

  stop(): void {
    this.stopped = true;
    for (const [timer, resolve] of this.pending) {
      this.time.cancel(timer);
      resolve(false);
    }
    this.pending.clear();
  }

  private wait(set: (call: () => void) => Timer): Promise<boolean> {
    if (this.stopped) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = set(() => {
        this.pending.delete(timer);
        resolve(true);
      });
      this.pending.set(timer, resolve);
    });
  }
}
