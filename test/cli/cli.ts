import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { TYPESCRIPT } from '../support/typescript';
import { PATIENCE } from '../support/wait';

export const MAIN = join(__dirname, '../../src/cli/main.ts');

/** How a call of `bossman` ended. */
export interface Ended {
  /** null when it had to be killed, after `PATIENCE`. */
  status: number | null;
  stdout: string;
  stderr: string;
}

/** The environment of a call: without what would change its answer. */
export function environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { REDIS_URL: _, NO_COLOR: __, ...inherited } = process.env;
  return { ...inherited, ...more };
}

/**
 * Calls `bossman` as a user does: in a process of its own.
 *
 * @param onStderr is given what it writes there while it runs
 */
export async function bossman(
  args: string[],
  env: NodeJS.ProcessEnv = {},
  onStderr: (text: string) => void = () => {},
): Promise<Ended> {
  const child = spawn(process.execPath, [...TYPESCRIPT, MAIN, ...args], {
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PATIENCE,
    killSignal: 'SIGKILL',
  });
  child.stderr.on('data', (chunk: Buffer) => onStderr(chunk.toString()));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { status: child.exitCode, stdout, stderr };
}
