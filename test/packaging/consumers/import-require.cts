import { strictEqual } from 'node:assert';

import Bossman = require('bossman');

/** Never called: it is written for the compiler. */
export function use(): Promise<void> {
  const options: Bossman.BossmanOptions = { prefix: 'shop' };
  const nightly: Bossman.JobDefinition = { cron: '0 3 * * *', work: ({ signal }) => signal.aborted };
  const veto: Bossman.Qa = () => {};
  const fred: Bossman = new Bossman(options);
  fred.on('start', (event) => event.lateness.toFixed());
  fred.on('error', (error: Bossman.BossmanError) => error.code);
  fred.qa(veto);

  // @ts-expect-error: no such event (from 25 on, @types/node takes any name)
  fred.on('begin', () => {});
  // @ts-expect-error: no such option
  new Bossman.Bossman({ conection: 'redis://localhost' });
  // @ts-expect-error: no work
  fred.hire('job', { every: '1 minute' });
  return fred.hire('nightly', nightly);
}

strictEqual(Bossman.default, Bossman);
strictEqual(Bossman.Bossman, Bossman);
strictEqual(new Bossman.BossmanError('QUIT', 'over') instanceof Error, true);
