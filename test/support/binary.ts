import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { installed, onPath } from './programs';
import { firstOpen, type Way } from './ways';

const run = promisify(execFile);

const SERVERS = ['redis-server', 'valkey-server'];

/** The ways to a server binary: one on PATH, else, as root on Debian, the package. */
export function waysToBinary(log: (line: string) => void): [onPath: Way<string>, byApt: Way<string>] {
  return [
    { name: `${SERVERS.join(' or ')} on PATH`, take: serverOnPath },
    { name: 'apt-get install redis-server', take: () => installed('redis-server', log, serverOnPath) },
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
