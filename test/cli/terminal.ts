import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { stripVTControlCharacters } from 'node:util';
import { waitFor } from '../support/wait';
import { environment, MAIN } from './cli';

const HOME = '\x1b[H';

/** `bossman` on a terminal of its own, which script(1) makes. */
export class Terminal {
  /** All that it has written. */
  written = '';
  private readonly child;
  private readonly closed;

  constructor(args: string[], columns: number, rows: number, env: NodeJS.ProcessEnv = {}) {
    const call = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(' ');
    const command = `stty cols ${columns} rows ${rows}; echo "at $(tty) as $$;"; exec ${call}`;
    this.child = spawn('script', ['-qec', command, '/dev/null'], {
      env: environment({ TERM: 'xterm', SHELL: '/bin/sh', ...env }),
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: 50_000,
      killSignal: 'SIGKILL',
    });
    this.closed = once(this.child, 'close');
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.written += text;
    });
  }

  /** The lines on the screen, without colours. */
  get screen(): string[] {
    const frames = this.written.split(HOME);
    return frames.length < 2 ? [] : stripVTControlCharacters(frames.at(-1) ?? '').split(/\r*\n/);
  }

  /** All that it has shown, each with its colours. */
  get frames(): string[][] {
    const coloursOnly = (part: string, at: number) =>
      at === 0 ? part : /^\[[\d;]*m/.test(part) ? `\x1b${part}` : part.replace(/^\[[\d;?]*[A-Za-z]/, '');
    return this.written
      .split(HOME)
      .slice(1)
      .map((frame) => frame.split('\x1b').map(coloursOnly).join(''))
      .map((frame) => frame.split(/\r*\n/).map((line) => line.trimEnd()));
  }

  /** How often it was drawn. */
  get drawn(): number {
    return this.written.split(HOME).length - 1;
  }

  /** Resolves when the screen shows it. */
  async shows(pattern: RegExp): Promise<void> {
    await waitFor(
      `the screen to show ${pattern}`,
      () => pattern.test(this.screen.join('\n')) || Promise.reject(this.screen),
    );
  }

  press(keys: string): void {
    this.child.stdin.write(keys);
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(Number(this.where[1]), signal);
  }

  resize(columns: number, rows: number): void {
    execFileSync('stty', ['-F', this.where[0], 'cols', `${columns}`, 'rows', `${rows}`]);
  }

  /** The exit status, when it has ended by itself. */
  async status(): Promise<number | null> {
    await this.closed;
    return this.child.exitCode;
  }

  async close(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.closed;
  }

  private get where(): [tty: string, pid: string] {
    const [, tty, pid] = /at (\S+) as (\d+);/.exec(this.written) ?? [];
    if (tty === undefined || pid === undefined) throw new Error('the terminal has not begun');
    return [tty, pid];
  }
}
