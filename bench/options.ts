import { parseArgs } from 'node:util';
import { PEERS, type PeerName } from './names';

export interface Options {
  quick: boolean;
  /** Names of measures. */
  only: string[];
  peers: PeerName[];
}

export const USAGE = `npm run bench -- [--quick] [--only demand,ticks] [--peers bossman,bullmq]

  --quick   takes 5 minutes, with fewer rounds, and writes nothing; exits with 1 if a goal is missed
  --only    only these measures; the others keep the results of an earlier run
  --peers   only these peers, of ${PEERS.join(', ')}`;

/** @throws Error that names the unknown measure or peer */
export function readOptions(args: string[], measures: readonly string[]): Options {
  const { values } = parseArgs({
    args,
    options: { quick: { type: 'boolean' }, only: { type: 'string' }, peers: { type: 'string' } },
  });
  return {
    quick: values.quick ?? false,
    only: listOf('--only', values.only, measures),
    peers: listOf('--peers', values.peers, PEERS),
  };
}

function listOf<T extends string>(option: string, text: string | undefined, known: readonly T[]): T[] {
  if (text === undefined) return [...known];
  return text.split(',').map((name) => {
    const found = known.find((one) => one === name.trim());
    if (found === undefined) throw new Error(`${option}: '${name}' is none of ${known.join(', ')}`);
    return found;
  });
}
