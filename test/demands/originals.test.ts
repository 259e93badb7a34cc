import { DemandExpiries } from '../../src/demands/originals';
import { RedisClock } from '../../src/time/clock';
import { Pauses } from '../../src/time/pauses';
import { delay, waitFor } from '../support/wait';

const LONG_AGO = Number.NEGATIVE_INFINITY;

function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

it('a bell may have been missed before the subscription, even if the process was blocked for long since then', async () => {
  const pauses = new Pauses();
  const expiries = new DemandExpiries(new RedisClock(), pauses);
  expect(expiries.mayHaveMissed(LONG_AGO)).toBe(true);
  void expiries.subscribed();
  const arrived = delay(1);
  block(1000);
  await arrived;
  expect(expiries.mayHaveMissed(LONG_AGO)).toBe(true);
  await waitFor('the end of that time', () => !expiries.mayHaveMissed(LONG_AGO));
  expiries.subscribing();
  expect(expiries.mayHaveMissed(LONG_AGO)).toBe(true);
  pauses.stop();
});
