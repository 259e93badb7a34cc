// Tests of the same jobs with a real Redis: REDIS_URL=redis://… npm run redis. Each test has its own prefix, so that all can
// use the same database at the same time.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, beforeEach, test } from 'node:test';
import type Bossman from 'bossman';
import { hireNewsletter, type Mailer } from '../newsletter.ts';

const connection = process.env.REDIS_URL ?? 'redis://localhost:6379';
// A test whose event does not occur fails.
const LIMIT = { timeout: 10_000 };

let fleet: Bossman[];
let sent: string[];
let prefix: string;

const mailer: Mailer = { send: async (to) => void sent.push(to) };
const join = async (use = mailer) => {
  const fred = await hireNewsletter({ connection, prefix }, ['ann', 'bob'], use);
  fleet.push(fred);
  return fred;
};

beforeEach(() => {
  fleet = [];
  sent = [];
  prefix = `test-${randomUUID()}`;
});
afterEach(() => Promise.all(fleet.map((fred) => fred.quit())));

test('sends on demand, to each reader once, although three processes run', LIMIT, async () => {
  const [fred, ...others] = [await join(), await join(), await join()];
  // Listen before you demand, or you may miss the event.
  const finished = Promise.any([fred, ...others].map((one) => once(one, 'finish')));
  await fred.demand('newsletter');
  await finished;
  assert.deepEqual(sent, ['ann', 'bob']);
});

test('a process that quits finishes its run first', LIMIT, async () => {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const fred = await join({ send: (to) => held.then(() => mailer.send(to)) });
  const started = once(fred, 'start');
  await fred.demand('newsletter');
  await started;
  const left = fred.quit();
  letGo();
  await left;
  assert.deepEqual(sent, ['ann', 'bob']);
});
