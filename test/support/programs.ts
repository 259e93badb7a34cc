import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { delay } from './wait';

const run = promisify(execFile);

const LOCK_RETRIES = 60;
const LOCK_RETRY_MS = 2_000;

/** The path of a program on PATH. */
export function onPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** Whether a path leads to a file that may be run. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * Installs a Debian package, and resolves with what `find` finds then.
 * @throws Error if this is not root on Debian, or if apt-get fails
 */
export async function installed<T>(
  name: string,
  log: (line: string) => void,
  find: () => Promise<T>,
): Promise<T> {
  if (process.getuid?.() !== 0) throw new Error('this takes root');
  const apt = onPath('apt-get');
  if (apt === undefined) throw new Error('there is no apt-get on PATH');
  log(`apt-get installs ${name} for the tests`);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await aptInstall(apt, name);
      return await find();
    } catch (error) {
      // The timeout in aptInstall covers dpkg's lock; on that of the package lists, apt gives up at once.
      if (attempt === LOCK_RETRIES || !String(error).includes('Could not get lock')) throw error;
      await delay(LOCK_RETRY_MS);
    }
  }
}

async function aptInstall(apt: string, name: string): Promise<void> {
  const options = ['-o', 'DPkg::Lock::Timeout=120', '-qq'];
  // In runlevel 1 a package does not start its service.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  // Some other, broken repository makes an update fail whose lists will do.
  const updateFailed = await run(apt, [...options, 'update'], { env }).then(() => undefined, String);
  try {
    await run(apt, [...options, 'install', '-y', '--no-install-recommends', name], { env });
  } catch (error) {
    throw new Error([updateFailed, String(error)].filter(Boolean).join('\n'), { cause: error });
  }
}
