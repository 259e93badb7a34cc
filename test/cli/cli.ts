import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { PATIENCE } from '../support/wait';

const ROOT = join(__dirname, '..', '..');

/**
 * The program that starts the command line from one file. Node starts that in half the time that it needs for the 200 files of
 * the sources and dependencies, and the tests start it hundreds of times.
 */
export const MAIN = join(__dirname, 'start.cjs');

process.env.BOSSMAN_TEST_FOLDER ??= folderUntilExit();
bundle(process.env.BOSSMAN_TEST_FOLDER);

/** For a program that is run by itself, as `npm run record` is: the global setup of jest makes one for the tests. */
function folderUntilExit(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bossman-tests-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** @param folder where each run of the tests keeps its own, so that none finds an old one */
function bundle(folder: string): void {
  const made = join(folder, 'cli.js');
  if (existsSync(made)) return;
  const unfinished = `${made}.${process.pid}`;
  const flags = ['--bundle', '--platform=node', '--target=node20', '--charset=ascii', '--log-level=warning'];
  execFileSync(
    join(ROOT, 'node_modules', '.bin', 'esbuild'),
    [join(ROOT, 'src', 'cli', 'main.ts'), ...flags, `--outfile=${unfinished}`],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  // Another test file may do the same at this moment.
  renameSync(unfinished, made);
  // The first call leaves its compiled code to all others. It finds no Redis, and has compiled more than one that is refused.
  spawnSync(process.execPath, [MAIN, 'list', '--url', 'redis://127.0.0.1:1'], { env: environment() });
}

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
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PATIENCE,
    killSignal: 'SIGKILL',
  });
  child.stderr.on('data', (chunk: Buffer) => onStderr(chunk.toString()));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { status: child.exitCode, stdout, stderr };
}
