import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { PeerName } from './names';
import type { Connection } from './peer';
import type { SeatCalls } from './seat';

interface Answer {
  id: number;
  value?: unknown;
  error?: string;
}

/** A process for one peer, so that the garbage and timers of one peer do not affect another. It ends with this process. */
export class Seat {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<
    number,
    { resolve: (value: never) => void; reject: (why: Error) => void }
  >();
  private ids = 0;

  constructor(
    readonly peer: PeerName,
    connection: Connection,
  ) {
    this.child = fork(join(__dirname, 'seat.ts'), [peer, JSON.stringify(connection)], {
      execArgv: ['--import', 'tsx', '--expose-gc'],
      serialization: 'advanced',
      // The original prints an unhandled rejection for each lock that expired before its work ended.
      stdio: ['ignore', 'ignore', peer === 'original' ? 'ignore' : 'inherit', 'ipc'],
    });
    // This code is at both ends of the channel.
    this.child.on('message', (message) => this.answered(message as Answer));
    this.child.on('exit', () => this.fail(new Error(`the process of ${peer} is gone`)));
  }

  call<K extends keyof SeatCalls>(
    name: K,
    ...args: Parameters<SeatCalls[K]>
  ): Promise<Awaited<ReturnType<SeatCalls[K]>>> {
    this.ids += 1;
    const id = this.ids;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.child.send({ id, name, args }, (error) => error && reject(error));
    });
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }

  private answered({ id, value, error }: Answer): void {
    const call = this.waiting.get(id);
    this.waiting.delete(id);
    if (error !== undefined) call?.reject(new Error(`${this.peer}: ${error}`));
    else call?.resolve(value as never);
  }

  private fail(why: Error): void {
    for (const { reject } of this.waiting.values()) reject(why);
    this.waiting.clear();
  }
}
