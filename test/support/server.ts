import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findServerBinary } from './binary';
import { whenGone } from './guard';
import { answersPing } from './ping';
import { delay, PATIENCE, waitFor } from './wait';

const PORT_ATTEMPTS = 5;
/** The second is said of a port above 55535 when `--cluster-enabled` is among the arguments. */
const UNUSABLE_PORT = /already in use|port number too high/i;

/** A server process of the caller's own, to restart or freeze at will. It dies with the caller's process. */
export interface RedisServer {
  /** `redis://127.0.0.1:PORT/0`, without credentials. */
  readonly url: string;
  readonly port: number;
  /** Of the process that runs, else of the last one that ran. */
  readonly pid: number;
  /** Also when it is frozen. */
  readonly running: boolean;
  /** The temporary folder that holds its data. */
  readonly dir: string;
  /** Stops the process where it is (SIGSTOP): connections stay open and nothing answers. */
  freeze(): void;
  /** Lets a frozen process continue. */
  thaw(): void;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /**
   * SIGTERM, also when frozen: saves if persistence is on; resolves when the process is gone.
   * @throws Error if it does not run, or if it is still there after `PATIENCE`
   */
  shutdown(): Promise<void>;
  /**
   * Starts it again: same port, same folder, same arguments. Resolves when it answers, its data loaded.
   * @throws Error with the server's output if that takes more than `PATIENCE`, or if it runs already
   */
  start(): Promise<void>;
  /** Kills it and removes its folder. May be called again. */
  stop(): Promise<void>;
}

/** What `startServer` takes. */
export interface ServerOptions {
  /** Appended to those that bind it to loopback and turn persistence off, so these win. */
  args?: string[];
  /** A free one by default. */
  port?: number;
  /** By default what `findServerBinary` finds. */
  binary?: string;
}

/**
 * Starts a server that listens on loopback only and keeps nothing on disk, unless `args` say otherwise.
 * @throws Error with the server's output if it is not ready within `PATIENCE`
 */
export async function startServer({ args = [], port, binary }: ServerOptions = {}): Promise<RedisServer> {
  const path = binary ?? (await findServerBinary());
  for (let attempt = 1; ; attempt += 1) {
    const server = new LocalServer(path, port ?? (await freePort()), args);
    try {
      await server.start();
      return server;
    } catch (error) {
      await server.stop();
      // Between finding a free port and using it, somebody else may have taken it.
      const another = port === undefined && attempt < PORT_ATTEMPTS && UNUSABLE_PORT.test(String(error));
      if (!another) throw error;
    }
  }
}

class LocalServer implements RedisServer {
  readonly dir = mkdtempSync(join(tmpdir(), 'bossman-redis-'));
  readonly url: string;
  pid = 0;
  #running: ChildProcess | undefined;
  #callOffGuard = () => {};

  constructor(
    private readonly binary: string,
    readonly port: number,
    private readonly args: string[],
  ) {
    this.url = `redis://127.0.0.1:${port}/0`;
  }

  async start(): Promise<void> {
    if (this.#running) throw new Error(`the server on port ${this.port} runs already`);
    const child = await this.#spawn();
    const deadline = performance.now() + PATIENCE;
    while (this.#running === child && performance.now() < deadline) {
      if (await answersPing({ path: this.#socket })) return;
      await delay(5);
    }
    const how = this.#running === child ? `did not answer a PING within ${PATIENCE} ms` : 'exited';
    await this.kill();
    throw new Error(`${this.binary} on port ${this.port} ${how}:\n${readFileSync(this.#log, 'utf8')}`);
  }

  get running(): boolean {
    return this.#running !== undefined;
  }

  freeze(): void {
    this.#signal('SIGSTOP');
  }

  thaw(): void {
    this.#signal('SIGCONT');
  }

  async kill(): Promise<void> {
    this.#running?.kill('SIGKILL');
    await this.#gone();
  }

  async shutdown(): Promise<void> {
    this.#signal('SIGTERM');
    this.thaw();
    await this.#gone();
  }

  async stop(): Promise<void> {
    await this.kill();
    this.#callOffGuard();
    rmSync(this.dir, { recursive: true, force: true });
  }

  // Only this server listens here; a PING to the port might be answered by another that took it first.
  get #socket(): string {
    return join(this.dir, 'redis.sock');
  }

  get #log(): string {
    return join(this.dir, 'server.log');
  }

  async #spawn(): Promise<ChildProcess> {
    const listen = ['--bind', '127.0.0.1', '--port', `${this.port}`, '--unixsocket', this.#socket];
    const keepNothing = ['--save', '', '--appendonly', 'no', '--dir', this.dir];
    const inForeground = ['--daemonize', 'no', '--loglevel', 'warning'];
    // A file, as an unread pipe would fill up, and a read one would keep this process alive.
    const log = openSync(this.#log, 'w');
    const child = spawn(this.binary, [...listen, ...keepNothing, ...inForeground, ...this.args], {
      cwd: this.dir,
      // A session of its own: on Ctrl-C the caller may still want its Redis, to quit in good order.
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    child.once('exit', () => this.#exited());
    await once(child, 'spawn');
    child.unref();
    this.#running = child;
    this.pid = child.pid ?? 0;
    this.#guard('sh', '-c', 'kill -9 "$1"; rm -rf "$2"', 'sh', `${this.pid}`, this.dir);
    return child;
  }

  #exited(): void {
    this.#running = undefined;
    // The pid is free for others from now on.
    this.#guard('rm', '-rf', this.dir);
  }

  #guard(...command: string[]): void {
    this.#callOffGuard();
    this.#callOffGuard = whenGone(...command);
  }

  #signal(signal: NodeJS.Signals): void {
    if (!this.#running) throw new Error(`the server on port ${this.port} does not run`);
    this.#running.kill(signal);
  }

  async #gone(): Promise<void> {
    const what = `the server on port ${this.port} to exit`;
    await waitFor(what, () => this.#running === undefined);
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('a listening server has a port');
  return address.port;
}
