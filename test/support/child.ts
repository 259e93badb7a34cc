import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { TYPESCRIPT } from './typescript';
import { PATIENCE } from './wait';

/** How a child process ended. */
export interface Exit {
  /** null when it had to be killed, or crashed by a signal. */
  code: number | null;
  /** What it printed, line by line. */
  lines: string[];
  stderr: string;
  /** The warnings among that: what Node prints of `process.emitWarning`. */
  warnings: string[];
}

/**
 * Runs a script (CommonJS, `Bossman` and `connection` are there) in a process of its own, until it exits by itself. One
 * that outlives every test is killed.
 * @param url of the Redis that `connection` speaks of
 * @param onLine called with each line as it is printed
 */
export async function runScript(
  script: string,
  url: string,
  onLine: (line: string, child: ChildProcess) => void = () => {},
): Promise<Exit> {
  const { hostname, port } = new URL(url);
  const given = `const Bossman = require('../../src');
    const connection = { host: '${hostname}', port: ${port} };`;
  return runNode(['-e', `${given}\n${script}`], onLine);
}

/**
 * Runs node, which reads TypeScript, from the folder of this file until it exits by itself, or as `runScript` ends it.
 * @param env over that of this process
 */
export async function runNode(
  args: string[],
  onLine: (line: string, child: ChildProcess) => void = () => {},
  env: NodeJS.ProcessEnv = {},
): Promise<Exit> {
  const child = spawn(process.execPath, [...TYPESCRIPT, ...args], {
    cwd: __dirname,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 2 * PATIENCE,
    killSignal: 'SIGKILL',
  });
  const lines: string[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
    for (const line of parts) onLine(line, child);
  });
  const [stderr] = await Promise.all([text(child.stderr), once(child, 'close')]);
  const warnings = stderr.split('\n').filter((line) => /^\(node:\d+\) /.test(line));
  return { code: child.exitCode, lines, stderr, warnings };
}
