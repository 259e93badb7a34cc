import { testUrl } from '../../support/redis';
import { raiseFlood, wrongsIn } from './flood';

/** The whole run, of a minute and with a seed of its own each time, is `npm run hostile`. */
const SEED = 7;

it('hostile messages on the channels of a fleet do not make it lose, double or delay anything', async () => {
  const report = await raiseFlood({ url: testUrl(), seed: SEED, seconds: 8, members: 8, rate: 300 });
  expect(wrongsIn(report)).toEqual([]);
  expect(report.left).toBeGreaterThan(0);
  expect(report.demands.made).toBeGreaterThan(5);
});
