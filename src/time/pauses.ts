/** Waits that end early when the instance stops, so that nothing keeps a process alive. */
export class Pauses {
  private readonly pending = new Map<NodeJS.Timeout, (goOn: boolean) => void>();
  stopped = false;

  /** Resolves with true after `ms`, or with false as soon as the instance stops. */
  pause(ms: number): Promise<boolean> {
    if (this.stopped) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.pending.delete(timer);
        resolve(true);
      }, ms);
      this.pending.set(timer, resolve);
    });
  }

  stop(): void {
    this.stopped = true;
    for (const [timer, resolve] of this.pending) {
      clearTimeout(timer);
      resolve(false);
    }
    this.pending.clear();
  }
}
