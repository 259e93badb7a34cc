import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { whenGone } from '../../test/support/guard';
import type { Order, Report } from './messages';

const LEAVE_MS = 10_000;

/** Which Redis, and which fleet in it. */
export interface Place {
  url: string;
  prefix: string;
}

/** A member process, as the demo sees it. */
export class Member {
  state: 'running' | 'frozen' | 'killed' | 'leaving' = 'running';
  /** How it ended unexpectedly, such as `exit code 1`. */
  trouble: string | null = null;
  /** Settles when it has hired all jobs, or has ended. */
  readonly joined: Promise<unknown>;
  /** Settles when the process has ended. */
  readonly gone: Promise<unknown>;
  private readonly child: ChildProcess;
  private callOffThaw = () => {};

  constructor(
    readonly name: string,
    { url, prefix }: Place,
    onReport: (report: Exclude<Report, { kind: 'hired' }>, member: Member) => void,
  ) {
    // A fork inherits the options that run TypeScript here. The URL may contain a password, so it is not an argument.
    this.child = fork(join(__dirname, 'member.ts'), {
      env: { ...process.env, DEMO_REDIS: url, DEMO_PREFIX: prefix },
    });
    this.gone = once(this.child, 'exit').then(([code, signal]) => {
      this.callOffThaw();
      if (this.state === 'killed' || (this.state === 'leaving' && code === 0)) return;
      this.trouble ??= signal ? `was ended by ${signal}` : `ended with exit code ${code}`;
    });
    const hired = new Promise<void>((resolve) => {
      this.child.on('message', (message) => {
        // This code is at both ends of the channel.
        const report = message as Report;
        if (report.kind === 'hired') resolve();
        else onReport(report, this);
      });
    });
    this.joined = Promise.race([hired, this.gone]);
  }

  order(order: Order): void {
    if (this.child.connected) this.child.send(order, () => {});
  }

  kill(): void {
    this.state = 'killed';
    this.child.kill('SIGKILL');
  }

  /** Freezes the process: its connections stay open, and it does nothing. */
  freeze(): void {
    this.state = 'frozen';
    // If the demo is killed now, it must not leave a frozen process behind. Once thawed, the process notices that it is alone.
    this.callOffThaw = whenGone('kill', '-CONT', `${this.child.pid}`);
    this.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.child.kill('SIGCONT');
    this.callOffThaw();
    this.state = 'running';
  }

  /** Asks the process to quit, and checks that it exits by itself. */
  async leave(): Promise<void> {
    if (this.state === 'frozen') this.thaw();
    if (this.state === 'running') this.state = 'leaving';
    this.order('quit');
    const patience = new AbortController();
    const late = sleep(LEAVE_MS, 'late', { signal: patience.signal }).catch(() => {});
    if ((await Promise.race([this.gone, late])) === 'late') {
      this.trouble = `was still running ${LEAVE_MS / 1000} s after it was asked to quit`;
      this.child.kill('SIGKILL');
      await this.gone;
    }
    patience.abort();
  }
}
