import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { messagesIn } from '../../src/hints/bell';
import { Keys } from '../../src/redis/keys';
import type { PlanReply } from '../../src/redis/replies';
import { Store } from '../../src/redis/store';
import { everySchedule } from '../../src/schedule/schedule';
import { FIRED } from '../../src/scripts/generated';
import { RedisClock } from '../../src/time/clock';
import { testUrl } from '../support/redis';
import { waitFor } from '../support/wait';

const TTL = 60_000;

let client: Redis;
let keys: Keys;
let store: Store;

beforeEach(async () => {
  client = new Redis(testUrl());
  keys = new Keys(`batches-${randomUUID()}`, '', client.options.db ?? 0);
  store = new Store(client, keys, new RedisClock(), { clockJump: () => {}, suspects: () => {} });
  // The first call of a connection is sent twice, as Redis does not know its script.
  await Promise.all(['a', 'b', 'c'].map((name) => demand(name)));
});
afterEach(async () => {
  const stored = await client.keys(`${keys.plans.slice(0, -'plans'.length)}*`);
  await client.del(...stored);
  await client.quit();
});

function demand(name: string) {
  return store.demand(name, store.nextSequence(), 0, null);
}

function take(name: string) {
  return store.take(name, store.nextToken(), TTL, null);
}

/** Commands that the client has sent since. */
function countCommands(): () => number {
  const sending = jest.spyOn(client, 'sendCommand');
  return () => sending.mock.calls.length;
}

describe('script calls of one turn of the event loop', () => {
  it('are a few commands: the first leaves at once, the others together, and each has its own answer', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `job ${index}`);
    const sent = countCommands();
    const made = await Promise.all(names.map((name) => demand(name)));
    const taken = await Promise.all(names.map((name) => take(name)));
    // Two times the first, and 199 by 32; and once the script's text, as Redis does not know it before.
    expect(sent()).toBeLessThanOrEqual(2 * (1 + 7) + 7);
    expect(new Set(made.map(({ verdict }) => verdict))).toEqual(new Set(['noted']));
    expect(new Set(taken.map(({ verdict }) => verdict))).toEqual(new Set(['yours']));
    expect(taken.map(({ demandedAt }) => demandedAt)).toEqual(made.map(({ demandedAt }) => demandedAt));
    const locks = await client.mget(names.map((name) => keys.lock(name)));
    expect(new Set(locks).size).toBe(names.length);
  });

  it('keep their order, also among calls that are sent alone', async () => {
    const hour = everySchedule('1 hour');
    const [, , hired, taken, , , restored] = await Promise.all([
      demand('a'),
      demand('b'),
      new Promise<PlanReply>((answered, refused) => {
        const sequence = store.nextSequence();
        store.arm({ name: 'a', schedule: hour, next: 0, sequence, since: 0, answered, refused });
      }),
      take('a'),
      take('b'),
      store.fire('a', store.nextSequence()),
      store.restore('a', null, null),
    ]);
    expect(hired).toMatchObject({ verdict: 'armed', demandIn: 0 });
    expect(taken.verdict).toBe('yours');
    expect(restored.slot).toBeGreaterThanOrEqual(FIRED);
    expect(restored.demandIn).toBeGreaterThan(0);
  });

  it('are refused one by one', async () => {
    await client.lpush(keys.lock('b'), 'not a lock');
    const [first, refused, last] = await Promise.allSettled([take('a'), take('b'), take('c')]);
    expect(first).toMatchObject({ status: 'fulfilled', value: { verdict: 'yours' } });
    expect(refused).toMatchObject({ reason: { message: expect.stringContaining('WRONGTYPE') } });
    expect(last).toMatchObject({ status: 'fulfilled', value: { verdict: 'yours' } });
  });

  it('are all refused when they cannot reach Redis', async () => {
    client.disconnect();
    const settled = await Promise.allSettled([take('a'), take('b'), take('c')]);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    client = new Redis(testUrl());
  });

  it('ring the bell once for all of them, in their order, even if one is refused, and each gets the number of listeners', async () => {
    const listener = client.duplicate();
    const heard: string[][] = [];
    listener.on('message', (_, message: string) => heard.push(messagesIn(message)));
    await listener.subscribe(keys.bell);
    await client.lpush(keys.lock('c'), 'not a lock');
    const settled = await Promise.allSettled([take('a'), demand('x'), take('c'), take('b'), demand('"y"')]);
    await waitFor('the last bell', () => heard.flat().length >= 4);
    await listener.quit();
    const said = heard.map((messages) => messages.map((message) => message.replace(/ .* /, ' ')));
    expect(said).toEqual([['taken a'], ['demand x', 'taken b', 'demand "y"']]);
    const listeners = settled.map((one) => (one.status === 'fulfilled' ? one.value.heard : 'refused'));
    expect(listeners).toEqual([1, 1, 'refused', 1, 1]);
  });
});
