import { check } from './checker';
import { keep } from './keep';
import { explain, summarize } from './report';
import { raiseStorm } from './storm';

/** Its storm has nearly every kind of fault. */
const SEED = 346;

it('a storm of 8 s breaks none of the guarantees', async () => {
  const history = await raiseStorm({ seed: SEED, seconds: 8, members: 3 });
  const { violations } = check(history);
  if (violations.length > 0) {
    const told = violations.slice(0, 3).map((violation) => explain(history, violation));
    throw new Error(`${told.join('\n')}\nThe whole history is in ${keep(history, SEED)}`);
  }
  const { faults, runs } = summarize(history);
  // Whether a fault that hits one member occurs depends on which members are running at the time.
  expect([...faults.keys()]).toEqual(
    expect.arrayContaining(['FLUSHALL', 'freeze Redis', 'restart Redis', 'cut all connections']),
  );
  expect(runs).toBeGreaterThan(100);
}, 120_000);
