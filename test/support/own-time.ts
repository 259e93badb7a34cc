import { performance } from 'node:perf_hooks';

/** ms between two looks at the clocks. */
const EVERY = 20;

/**
 * A clock that counts the ms in which this process ran or was idle. It stands still while other processes use the CPU, so that
 * measurements are valid on a busy machine. Time in which this process blocks its own event loop is counted.
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
    // If the process had been given the CPU, the timer would have ended a longer idle time.
    const idleMs = Math.min(loop.idle - this.loop.idle, EVERY);
    this.counted += Math.min(now - this.last, usedMs + idleMs);
    [this.last, this.cpu, this.loop] = [now, cpu, loop];
    return this.counted;
  }

  stop(): void {
    clearInterval(this.timer);
  }
}
