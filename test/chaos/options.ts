import { parseArgs } from 'node:util';

export const USAGE = `Usage: npm run chaos -- [--seed N] [--seconds S] [--members M] [--storms K [--table FILE]]

  --seed N     decides the storm's faults and their times; a random one by default
  --seconds S  how long it rages; 20 by default
  --members M  processes in the fleet; 4 by default
  --storms K   K storms, of the seed and those after it (from 1 by default), two at a time, and a table of them
  --table FILE where the table is written, after each storm; it is printed at the end by default`;

export interface ChaosOptions {
  seed: number | null;
  seconds: number;
  members: number;
  /** Null: raise one storm, and report it in full. */
  storms: number | null;
  /** A file for the table of storms. Null: print it. */
  table: string | null;
}

/** @throws TypeError or RangeError that names the invalid argument */
export function readArguments(args: string[]): ChaosOptions {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args,
    options: { seed: text, seconds: text, members: text, storms: text, table: text },
  });
  if (values.table !== undefined && values.storms === undefined) {
    throw new TypeError(`--table ${values.table}: only with --storms`);
  }
  return {
    seed: number('seed', values.seed, 0),
    seconds: number('seconds', values.seconds, 1) ?? 20,
    members: number('members', values.members, 1) ?? 4,
    storms: number('storms', values.storms, 1),
    table: values.table ?? null,
  };
}

function number(name: string, value: string | undefined, least: number): number | null {
  if (value === undefined) return null;
  if (!/^\d{1,10}$/.test(value) || Number(value) < least || Number(value) >= 2 ** 32) {
    throw new RangeError(`--${name} ${value}: not a whole number of at least ${least}`);
  }
  return Number(value);
}
