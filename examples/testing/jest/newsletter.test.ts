// A job tested with Jest, with and without fake timers: npm run jest. node-test has more tests.
import { type TestFleet, testFleet } from 'bossman/testing';
import { hireNewsletter, type Mailer } from '../newsletter.ts';

let fleet: TestFleet;
let sent: string[];

const mailer: Mailer = { send: async (to) => void sent.push(to) };

beforeEach(() => {
  fleet = testFleet({ now: '2026-03-23T00:00:00Z' });
  sent = [];
});
afterEach(() => fleet.close());

async function sendsOnMonday(): Promise<void> {
  await hireNewsletter({ connection: fleet.connection }, ['ann', 'bob'], mailer);
  await fleet.advance('1 day');
  expect(sent).toEqual(['ann', 'bob']);
  expect(fleet.runs('newsletter')).toMatchObject([
    { slot: Date.parse('2026-03-23T08:00:00+02:00'), outcome: 'done' },
  ]);
}

test('sends to each reader on Monday', sendsOnMonday);

describe('with fake timers', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: fleet.now });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('sends to each reader on Monday', sendsOnMonday);

  test('the fleet has a clock of its own', async () => {
    await fleet.advance('1 day');
    expect(new Date(fleet.now).toISOString()).toBe('2026-03-24T00:00:00.000Z');
    expect(new Date().toISOString()).toBe('2026-03-23T00:00:00.000Z');
  });
});
