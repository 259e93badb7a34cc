import { performance } from 'node:perf_hooks';

/** ms between two looks at the clocks. */
const EVERY = 20;

/**
 * A clock that counts ms in which this process ran, or had nothing to do. It stands still while others have the CPU, so
 * what is measured by it holds on a busy machine, too; what this process itself blocks its event loop with is counted.
 */
export class OwnTime {
  private counted = 0;
  private last = performance.now();
  private cpu = process.cpuUsage();
  private loop = performance.eventLoopUtilization();
  private readonly timer = setInterval(() => this.now(), EVERY);

  now(): number {
    const [now, cpu, loop] = [performance.now(), process.cpuUsage(), performance.eventLoopUtilization()];
    const usedMs = (cpu.user + cpu.system - this.cpu.user - this.cpu.system) / 1000;
    // The timer would have ended a longer idleness, had the process been given the CPU.
    const idleMs = Math.min(loop.idle - this.loop.idle, EVERY);
    this.counted += Math.min(now - this.last, usedMs + idleMs);
    [this.last, this.cpu, this.loop] = [now, cpu, loop];
    return this.counted;
  }

  stop(): void {
    clearInterval(this.timer);
  }
}
