import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { waitFor } from '../support/wait';

export const EXAMPLES = join(__dirname, '..', '..', 'examples');

const PATIENCE = { timeoutMs: 30_000 };

/** An example that runs in a process of its own, as `npm start` or `npm run SCRIPT` in its folder would start it. */
export interface Example {
  /** What it has printed so far, line by line. */
  readonly lines: string[];
  /** Resolves with the first match of a line, from now on or from before. */
  prints(pattern: RegExp): Promise<RegExpExecArray>;
  /** SIGTERM. */
  end(): void;
  /** Resolves when it is gone by itself, with its exit code and what it wrote as errors. */
  readonly exit: Promise<{ code: number | null; stderr: string }>;
}

/** Starts examples for the tests of a file; those that a test has left are killed after it. */
export function exampleStarter(): (folder: string, env?: Record<string, string>, script?: string) => Example {
  const children: ChildProcess[] = [];
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });
  return (folder, env = {}, script = 'start') => {
    const cwd = join(EXAMPLES, folder);
    const { scripts } = manifestOf(folder);
    const command = scripts[script] ?? '';
    const [node, ...args] = command.split(' ');
    if (node !== 'node') throw new Error(`${folder}: npm run ${script} runs ${command}`);
    // Without what jest sets for its own processes.
    const { NODE_OPTIONS, NODE_TEST_CONTEXT, ...rest } = process.env;
    const child = spawn(process.execPath, args, { cwd, env: { ...rest, ...env }, stdio: 'pipe' });
    children.push(child);

    const lines: string[] = [];
    createInterface(child.stdout).on('line', (line) => lines.push(line));
    const [stderr, closed] = [text(child.stderr), once(child, 'close')];
    return {
      lines,
      prints(pattern) {
        const find = () => lines.map((line) => pattern.exec(line)).find((match) => match !== null);
        return waitFor(`${folder} to print ${pattern}, after ${lines.at(-1)}`, find, PATIENCE);
      },
      end: () => void child.kill('SIGTERM'),
      exit: (async () => {
        const [, [code]] = [await stderr, await closed];
        return { code, stderr: await stderr };
      })(),
    };
  };
}

export interface Manifest {
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
}

export function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(EXAMPLES, folder, 'package.json'), 'utf8'));
}
