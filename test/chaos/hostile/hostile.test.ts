import { testUrl } from '../../support/redis';
import { raiseFlood, wrongsIn } from './flood';

/** `npm run hostile` runs for a minute, with a new seed each time. */
const SEED = 7;

it('hostile messages on the channels of a fleet do not make it lose, double or delay anything', async () => {
  const report = await raiseFlood({ url: testUrl(), seed: SEED, seconds: 8, members: 8, rate: 300 });
  expect(wrongsIn(report)).toEqual([]);
  expect(report.left).toBeGreaterThan(0);
  expect(report.demands.made).toBeGreaterThan(5);
});
