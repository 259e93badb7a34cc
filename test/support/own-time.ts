/** ms between two looks at the clocks. */
const EVERY = 20;

/**
 * A clock that counts ms in which this process ran, or could have run. It stands still while others have the CPU, so what
 * is measured by it holds on a busy machine, too; what this process itself blocks its event loop with is counted.
 */
export class OwnTime {
  private counted = 0;
  private last = performance.now();
  private used = process.cpuUsage();
  private readonly timer = setInterval(() => this.now(), EVERY);

  now(): number {
    const now = performance.now();
    const { user, system } = process.cpuUsage(this.used);
    this.used = process.cpuUsage();
    // A timer is late by itself, too.
    this.counted += Math.min(now - this.last, Math.max(2 * EVERY, (user + system) / 1000));
    this.last = now;
    return this.counted;
  }

  stop(): void {
    clearInterval(this.timer);
  }
}
