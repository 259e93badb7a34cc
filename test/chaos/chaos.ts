import { randomInt } from 'node:crypto';
import { check } from './checker';
import { keep } from './keep';
import { type ChaosOptions, readArguments, USAGE } from './options';
import { explain, summarize, table } from './report';
import { raiseStorm, type StormOptions } from './storm';
import { raiseStorms } from './storms';

/** Violations that are printed with their history. */
const EXPLAINED = 5;

void main();

async function main(): Promise<void> {
  let options: ChaosOptions;
  try {
    options = readArguments(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    process.exitCode = 2;
    return;
  }
  const { seed, storms, table, ...size } = options;
  const violations =
    storms === null
      ? await raiseOne({ ...size, seed: seed ?? randomInt(2 ** 32) })
      : await raiseStorms({ ...size, seed: seed ?? 1 }, storms, table, console.log);
  if (violations > 0) process.exitCode = 1;
}

async function raiseOne(options: StormOptions): Promise<number> {
  const { seed, seconds, members } = options;
  const again = `npm run chaos -- --seed ${seed} --seconds ${seconds} --members ${members}`;
  console.log(`seed ${seed}: ${members} members, ${seconds} s`);
  const history = await raiseStorm(options);
  const verdict = check(history);
  const { violations } = verdict;
  for (const violation of violations.slice(0, EXPLAINED)) console.log(`\n${explain(history, violation)}`);
  for (const { rule, job, message } of violations.slice(EXPLAINED))
    console.log(`${rule}: ${job}: ${message}`);
  console.log(`\n${table(summarize(history), verdict)}\n`);
  if (violations.length > 0) console.log(`The whole history is in ${keep(history, seed)}`);
  console.log(violations.length === 0 ? 'All guarantees hold.' : `${violations.length} violations.`);
  console.log(`seed ${seed}; again with: ${again}`);
  return violations.length;
}
