import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { type RedisServer, startServer } from '../support/redis';
import { waitFor } from '../support/wait';
import { sectionOf } from './page';

/** The last command that has to be carried out before programs are saved. */
const INSTALLS = /^(npm install|bun add|deno add) /;
/** What a reader is promised: the first job within a minute. */
const FIRST_JOB = { timeoutMs: 60_000 };
/** Far longer than any program here takes to end by itself, and far shorter than a test may take. */
const EXIT = { timeoutMs: 120_000 };

/** A program that a project has started, in a process group of its own. */
export interface Program {
  /** What it has printed so far, on stdout and stderr. */
  readonly lines: string[];
  /** Resolves with the first line from the given one on that matches. */
  prints(pattern: RegExp, from?: number): Promise<string>;
  /** Sends a signal to the process itself, as a platform does. */
  signal(name: 'SIGTERM' | 'SIGINT'): void;
  /**
   * Resolves with its exit code, or with the signal that ended it.
   * @throws Error with all that it has printed, if it is still running after two minutes
   */
  exit(): Promise<number | NodeJS.Signals>;
}

/** A folder of a reader who follows a section of the page, and a Redis. */
export class Project {
  folder = mkdtempSync(join(tmpdir(), 'bossman-frameworks-'));
  private readonly home = this.folder;
  private readonly programs: { child: ChildProcess; exit: Promise<unknown> }[] = [];

  private constructor(readonly server: RedisServer) {}

  /**
   * @param heading none for a project that a test fills by itself
   * @param create true for the project that the framework's own command creates
   */
  static async make(
    heading?: string,
    adapt: (command: string) => string = (same) => same,
    { create = false } = {},
  ): Promise<Project> {
    const project = new Project(await startServer());
    if (heading === undefined) return project;
    const { files, commands: blocks } = sectionOf(heading);
    const commands = blocks[create ? 1 : 0] ?? [];
    const until = commands.findLastIndex((command) => INSTALLS.test(command));
    for (const command of commands.slice(0, until + 1)) await project.run(adapt(command));
    // The framework has created one that fits what else it has created.
    if (create) delete files['tsconfig.json'];
    project.write(files);
    return project;
  }

  /** The URL of its Redis. */
  get url(): string {
    return this.server.url;
  }

  write(files: Record<string, string>): void {
    for (const [name, text] of Object.entries(files)) {
      const path = join(this.folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  }

  /** @throws Error if that changes nothing */
  edit(name: string, from: string | RegExp, to: string): void {
    const path = join(this.folder, name);
    const text = readFileSync(path, 'utf8');
    const edited = text.replace(from, to);
    if (edited === text) throw new Error(`${name} has no ${from}`);
    writeFileSync(path, edited);
  }

  /**
   * Carries out a command of the page, with the packed package in place of the published one.
   * @returns what it wrote
   * @throws Error with all that it wrote, if it failed
   */
  async run(command: string): Promise<string> {
    if (command.startsWith('cd ')) {
      this.folder = join(this.folder, command.slice('cd '.length));
      return '';
    }
    const packed = INSTALLS.test(command)
      ? command.replace(/ (npm:)?bossman(?= |$)/, ` ${process.env.PACKED}`)
      : command;
    const options = { cwd: this.folder, env: this.environment(), maxBuffer: 2 ** 26 };
    try {
      const { stdout, stderr } = await promisify(execFile)('bash', ['-c', packed], options);
      return stdout + stderr;
    } catch (error) {
      const { stdout = '', stderr = '' } = Object(error);
      throw new Error(`${packed} failed:\n${stdout}${stderr}`);
    }
  }

  /** Starts the program of a command: `npx` and the shell would keep signals from it. */
  start(command: string, env: Record<string, string> = {}): Program {
    const words = command.split(' ');
    const own: Record<string, string> = {};
    while (words[0]?.includes('=')) {
      const [name = '', value = ''] = (words.shift() ?? '').split('=');
      own[name] = value;
    }
    if (words[0] === 'npx') words.splice(0, 2, join(this.folder, 'node_modules', '.bin', words[1] ?? ''));
    const [program = '', ...args] = words;
    const child = spawn(program, args, {
      cwd: this.folder,
      env: { ...this.environment(), ...own, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const lines: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      createInterface(stream).on('line', (line) => lines.push(line));
    let ended: { by: number | NodeJS.Signals } | undefined;
    const exit = once(child, 'close').then(([code, signal]) => {
      ended = { by: code ?? signal };
    });
    this.programs.push({ child, exit });
    const onlyPrinted = () => new Error(`it printed only\n${lines.join('\n')}`);
    return {
      lines,
      prints(pattern, from = 0) {
        const find = () => {
          const line = lines.slice(from).find((other) => pattern.test(other));
          if (line === undefined) throw onlyPrinted();
          return line;
        };
        return waitFor(`${command} to print ${pattern}`, find, FIRST_JOB);
      },
      signal: (name) => void child.kill(name),
      async exit() {
        const find = () => {
          if (ended === undefined) throw onlyPrinted();
          return ended;
        };
        return (await waitFor(`${command} to end`, find, EXIT)).by;
      },
    };
  }

  /** Kills what still runs, with all that it has started. */
  async end(): Promise<void> {
    for (const { child, exit } of this.programs.splice(0)) {
      try {
        // Its group may outlive it.
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // All have gone.
      }
      await exit;
    }
  }

  /** Ends what still runs, and removes all. */
  async remove(): Promise<void> {
    await this.end();
    await this.server.stop();
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }

  private environment(): NodeJS.ProcessEnv {
    // Without what jest, and npm for `npm run`, set for their own processes.
    const kept = Object.entries(process.env).filter(
      ([name]) => !/^(NODE_|JEST_|npm_(lifecycle|package|command|execpath|config_local_prefix))/.test(name),
    );
    const others = { REDIS_URL: this.url, NEXT_TELEMETRY_DISABLED: '1', npm_config_yes: 'true' };
    return { ...Object.fromEntries(kept), ...others };
  }
}

/** A test in a project of its own, which is removed afterwards. `heading`: see `Project.make`. */
export function inProject(test: (project: Project) => Promise<void>, heading?: string): () => Promise<void> {
  return async () => {
    const project = await Project.make(heading);
    try {
      await test(project);
    } finally {
      await project.remove();
    }
  };
}
