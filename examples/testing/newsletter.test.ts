// A service's tests of its jobs, with a real Redis and a prefix of their own: REDIS_URL=redis://… npm start, or a
// container engine.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import type Bossman from 'bossman';
import { hireNewsletter, type Mailer } from './newsletter.ts';
import { findRedis } from './redis.ts';
import { next } from './runs.ts';

let redis: Awaited<ReturnType<typeof findRedis>> | undefined;
let fleet: Bossman[];
let sent: string[];
let prefix: string;

const mailer: Mailer = { send: async (to) => void sent.push(to) };
/** An instance as a process of the service has it. */
const join = async (use = mailer, readers = ['ann', 'bob']) => {
  assert(redis);
  const fred = await hireNewsletter({ connection: redis.url, prefix }, readers, use);
  fleet.push(fred);
  return fred;
};

before(async () => {
  redis = await findRedis();
});
beforeEach(() => {
  fleet = [];
  sent = [];
  prefix = `test-${randomUUID()}`;
});
afterEach(() => Promise.all(fleet.map((fred) => fred.quit())));
// Without one, the tests say why; that is the failure to read.
after(() => redis?.stop());

test('a demand sends the newsletter to every reader, without waiting for Monday', async () => {
  const fred = await join();
  const finished = next(fred, 'finish', 'newsletter');
  await fred.demand('newsletter');
  await finished;
  assert.deepEqual(sent, ['ann', 'bob']);
});

test('with three processes it is sent once', async () => {
  const [fred, ...others] = [await join(), await join(), await join()];
  const finished = Promise.any([fred, ...others].map((one) => next(one, 'finish', 'newsletter')));
  await fred.demand('newsletter');
  await finished;
  assert.deepEqual(sent, ['ann', 'bob']);
});

test('a mail that fails ends the run, and is told with its cause', async () => {
  const fred = await join({ send: () => Promise.reject(new Error('mailbox full')) });
  const told = next(fred, 'fail', 'newsletter');
  fred.on('error', () => {});
  await fred.demand('newsletter');
  const { cause } = await told;
  assert.match(String(cause), /mailbox full/);
});

test('a process that leaves finishes what it began', async () => {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const fred = await join({ send: (to) => held.then(() => mailer.send(to)) }, ['ann']);
  const started = next(fred, 'start', 'newsletter');
  await fred.demand('newsletter');
  await started;
  const left = fred.quit();
  letGo();
  await left;
  assert.deepEqual(sent, ['ann']);
});
