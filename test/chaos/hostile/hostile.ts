import { parseArgs } from 'node:util';
import { findRedis } from '../../support/redis';
import { raiseFlood, wrongsIn } from './flood';

/*
 * npm run hostile -- [--seconds 60] [--rate 300] [--members 8] [--seed N]
 *
 * A flood of hostile messages on a running fleet, at BOSSMAN_TEST_REDIS or a server of its own.
 */
const text = { type: 'string' } as const;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { seconds: text, rate: text, members: text, seed: text } });
  const number = (value: string | undefined, otherwise: number) =>
    value === undefined ? otherwise : Number(value);
  const seed = number(values.seed, Math.floor(Math.random() * 2 ** 31));
  const { url, how, stop } = await findRedis({ log: () => {} });
  console.log(`${how}; seed ${seed}`);
  const report = await raiseFlood({
    url,
    seed,
    seconds: number(values.seconds, 60),
    rate: number(values.rate, 300),
    members: number(values.members, 8),
  });
  await stop();
  console.log(JSON.stringify(report, null, 2));
  const wrongs = wrongsIn(report);
  console.log(wrongs.length === 0 ? 'Nothing was lost, doubled or late.' : wrongs.join('\n'));
  process.exitCode = wrongs.length === 0 ? 0 : 1;
}

void main();
