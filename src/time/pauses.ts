import { after, cancel, type Timer } from './timers';

/** Waits that end early when the instance stops, so that nothing keeps a process alive. */
export class Pauses {
  private readonly pending = new Map<Timer, (goOn: boolean) => void>();
  stopped = false;

  /** Resolves with true after `ms`, 25 days at most, or with false as soon as the instance stops. */
  pause(ms: number): Promise<boolean> {
    if (this.stopped) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = after(ms, () => {
        this.pending.delete(timer);
        resolve(true);
      });
      this.pending.set(timer, resolve);
    });
  }

  stop(): void {
    this.stopped = true;
    for (const [timer, resolve] of this.pending) {
      cancel(timer);
      resolve(false);
    }
    this.pending.clear();
  }
}
