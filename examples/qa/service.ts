// The first QA is the outermost: so alerts come only after all retries have failed, and a time includes all tries. QAs that
// wrap the work are applied in this order, too, so each try has its own timeout.
import { setTimeout as sleep } from 'node:timers/promises';
import Bossman from 'bossman';
import { alerts } from './alerts.ts';
import { healthchecks } from './check-ins.ts';
import { retries } from './retries.ts';
import { sampling } from './sampling.ts';
import { timeouts } from './timeouts.ts';
import { timing } from './timing.ts';

const { REDIS_URL = 'redis://127.0.0.1:6379', WEBHOOK_URL, HEALTHCHECK_URL } = process.env;

async function alert(text: string): Promise<void> {
  if (!WEBHOOK_URL) return console.log(`ALERT ${text}`);
  const headers = { 'content-type': 'application/json' };
  const sent = fetch(WEBHOOK_URL, { method: 'POST', headers, body: JSON.stringify({ text }) });
  // The alert itself matters more than why it could not be sent, so both are printed.
  await sent.catch((error) => console.error(`an alert was not sent (${error.cause}): ${text}`));
}

const fred = new Bossman({ connection: REDIS_URL, prefix: 'recipes', keepAlive: true });
fred.on('error', (error) => console.error(`${error.message}`));

fred.qa(alerts(2, alert));
if (HEALTHCHECK_URL) fred.qa(healthchecks({ flaky: HEALTHCHECK_URL, slow: HEALTHCHECK_URL }));
fred.qa(sampling(1, timing(console.log)));
fred.qa(timeouts(300));
fred.qa(retries({ retries: 2, minTimeout: 50 }));

let tries = 0;
await fred.hire('flaky', {
  every: '1 second',
  work: () => {
    tries += 1;
    if (tries % 3 !== 0) throw new Error(`try ${tries} of flaky failed`);
    console.log(`flaky worked at try ${tries}`);
  },
});
// The work stops when its signal aborts, so each of its three tries ends after 300 ms.
await fred.hire('slow', { every: '2 seconds', work: ({ signal }) => sleep(60_000, undefined, { signal }) });
console.log('hired');

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void fred.quit());
