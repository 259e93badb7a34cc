import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { delay } from './wait';
import { firstOpen, type Way } from './ways';

const run = promisify(execFile);

const SERVERS = ['redis-server', 'valkey-server'];
const LOCK_RETRIES = 60;
const LOCK_RETRY_MS = 2_000;

/** The ways to a server binary: one on PATH, else, as root on Debian, the package. */
export function waysToBinary(log: (line: string) => void): [onPath: Way<string>, byApt: Way<string>] {
  return [
    { name: `${SERVERS.join(' or ')} on PATH`, take: serverOnPath },
    { name: 'apt-get install redis-server', take: () => installServer(log) },
  ];
}

/**
 * The path of a redis-server or valkey-server that runs; as root on Debian it is installed if need be.
 * @throws AggregateError that says why neither way is open
 */
export function findServerBinary(): Promise<string> {
  const ways = waysToBinary(() => {});
  return firstOpen('Redis server binary', ways);
}

/** Name and version, as in `redis-server 7.0.15`. Rejects if the binary does not run. */
export async function describeBinary(path: string): Promise<string> {
  const { stdout } = await run(path, ['--version']);
  return `${basename(path)} ${/\bv=(\S+)/.exec(stdout)?.[1] ?? 'of an unknown version'}`;
}

async function serverOnPath(): Promise<string> {
  const path = SERVERS.map(onPath).find((found) => found !== undefined);
  if (path === undefined) throw new Error(`there is none in ${process.env.PATH || 'it, it is empty'}`);
  // One that is being unpacked is there before its libraries are.
  await describeBinary(path);
  return path;
}

async function installServer(log: (line: string) => void): Promise<string> {
  if (process.getuid?.() !== 0) throw new Error('this takes root');
  const apt = onPath('apt-get');
  if (apt === undefined) throw new Error('there is no apt-get on PATH');
  log('apt-get installs redis-server for the tests');
  for (let attempt = 1; ; attempt += 1) {
    try {
      await aptInstall(apt);
      return await serverOnPath();
    } catch (error) {
      // The timeout in aptInstall covers dpkg's lock; on that of the package lists, apt gives up at once.
      if (attempt === LOCK_RETRIES || !String(error).includes('Could not get lock')) throw error;
      await delay(LOCK_RETRY_MS);
    }
  }
}

async function aptInstall(apt: string): Promise<void> {
  const options = ['-o', 'DPkg::Lock::Timeout=120', '-qq'];
  // In runlevel 1 the package does not start its service.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  // Some other, broken repository makes an update fail whose lists will do.
  const updateFailed = await run(apt, [...options, 'update'], { env }).then(() => undefined, String);
  try {
    await run(apt, [...options, 'install', '-y', '--no-install-recommends', 'redis-server'], { env });
  } catch (error) {
    throw new Error([updateFailed, String(error)].filter(Boolean).join('\n'), { cause: error });
  }
}

function onPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
