// Tests of a service's jobs in memory, with node:test: npm start
import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { type TestFleet, testFleet } from 'bossman/testing';
import { hireNewsletter, type Mailer } from '../newsletter.ts';

let fleet: TestFleet;
let sent: string[];

const mailer: Mailer = { send: async (to) => void sent.push(to) };
/** Starts an instance, as a process of the service would. */
const join = (use = mailer) => hireNewsletter({ connection: fleet.connection }, ['ann', 'bob'], use);

beforeEach(() => {
  fleet = testFleet({ now: '2026-03-23T00:00:00Z' });
  sent = [];
});
afterEach(() => fleet.close());

test('sends on Mondays at 8:00 in Helsinki, also after the clocks change', async () => {
  await join();
  await fleet.advance('3 weeks');
  const slots = fleet.runs('newsletter').map(({ slot }) => new Date(slot ?? 0).toISOString());
  assert.deepEqual(slots, [
    '2026-03-23T06:00:00.000Z',
    '2026-03-30T05:00:00.000Z',
    '2026-04-06T05:00:00.000Z',
  ]);
});

test('sends on demand, to each reader once, although three processes run', async () => {
  const [fred] = [await join(), await join(), await join()];
  await fred.demand('newsletter');
  await fleet.advance(0);
  assert.deepEqual(sent, ['ann', 'bob']);
});

test('sends on Monday although a process was killed', async () => {
  const [fred] = [await join(), await join()];
  fleet.crash(fred);
  await fleet.advance('1 day');
  assert.deepEqual(sent, ['ann', 'bob']);
});

test('reports and records an error of the mailer', async () => {
  const fred = await join({ send: () => Promise.reject(new Error('mailbox full')) });
  const errors: Error[] = [];
  fred.on('error', (error) => errors.push(error));
  await fleet.advance('1 day');
  assert.equal(errors.length, 1);
  assert.match(String(errors[0]?.cause), /mailbox full/);
  assert.equal(fleet.runs('newsletter')[0]?.error, 'mailbox full');
});

test('runs with fake timers, which the fleet neither uses nor moves', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'], now: fleet.now });
  try {
    await join();
    await fleet.advance('1 day');
    assert.deepEqual(sent, ['ann', 'bob']);
    assert.equal(Date.now(), Date.parse('2026-03-23T00:00:00Z'));
  } finally {
    mock.timers.reset();
  }
});
