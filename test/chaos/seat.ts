import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { whenGone } from '../support/guard';
import { TYPESCRIPT } from '../support/typescript';
import type { MemberTask, Order, Report } from './messages';
import type { Recorder } from './recorder';

/** One process of the fleet, as the conductor sees it. */
export class Member {
  /** Settles when it has hired all its jobs, or has ended. */
  readonly joined: Promise<unknown>;
  /** Settles when the process has ended. */
  readonly gone: Promise<unknown>;
  /** The process is running, and can carry out orders. */
  well = true;
  private frozen = false;
  private readonly child: ChildProcess;
  private callOffThaw = () => {};

  constructor(
    readonly name: string,
    task: MemberTask,
    skewMs: number,
    private readonly recorder: Recorder,
  ) {
    this.child = fork(join(__dirname, 'member.ts'), {
      execArgv: TYPESCRIPT,
      env: { ...process.env, CHAOS_TASK: JSON.stringify(task), CHAOS_SKEW_MS: String(skewMs) },
    });
    // A channel that the end of the process broke; the exit is reported anyway.
    this.child.on('error', () => {});
    let waiting = task.hires.length;
    const hired = new Promise<void>((resolve) => {
      this.child.on('message', (message) => {
        // This code is at both ends of the channel.
        const { stamp, ...told } = message as Report;
        recorder.told(name, told, stamp);
        if (told.kind === 'resolved' || told.kind === 'rejected') waiting -= 1;
        if (waiting <= 0) resolve();
      });
    });
    // Not 'exit': its last messages may still be in the channel.
    this.gone = Promise.all([once(this.child, 'exit'), once(this.child, 'disconnect')]).then(
      ([[code, signal]]) => {
        this.well = false;
        this.callOffThaw();
        recorder.done(name, { kind: 'gone', how: signal ? String(signal) : `exit code ${code}` });
      },
    );
    this.joined = Promise.race([hired, this.gone]);
  }

  order(order: Order): void {
    if (this.child.connected) this.child.send(order, () => {});
  }

  kill(): void {
    this.well = false;
    this.recorder.done(this.name, { kind: 'killed' });
    this.child.kill('SIGKILL');
  }

  /** Freezes the process: its connections stay open, and it does nothing. */
  freeze(): void {
    this.frozen = true;
    this.well = false;
    // If the conductor is killed now, it must not leave a frozen process behind. Once thawed, the process notices that it is
    // alone.
    this.callOffThaw = whenGone('kill', '-CONT', `${this.child.pid}`);
    this.recorder.done(this.name, { kind: 'frozen' });
    this.child.kill('SIGSTOP');
  }

  thaw(): void {
    if (!this.frozen) return;
    this.frozen = false;
    this.well = true;
    this.child.kill('SIGCONT');
    this.recorder.done(this.name, { kind: 'thawed' });
    this.callOffThaw();
  }

  /** @param timeout see `Order` */
  quit(timeout: number | null = null): void {
    this.well = false;
    this.recorder.done(this.name, { kind: 'leaving' });
    this.order({ order: 'quit', timeout });
  }
}
