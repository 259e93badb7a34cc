// QAs go from the outermost in: alerts hear what the retries could not mend, and a time is that of all tries. Those that
// wrap the work go from the innermost out: each try has a timeout of its own.
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
  // What the alert is about is more than that it could not be sent.
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
// It heeds its signal, so it is over after 300 ms, three times.
await fred.hire('slow', { every: '2 seconds', work: ({ signal }) => sleep(60_000, undefined, { signal }) });
console.log('hired');

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void fred.quit());
