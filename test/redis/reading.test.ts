import { EventEmitter } from 'node:events';
import type { Redis } from 'ioredis';
import { connect } from '../../src/redis/connection';
import { readInTurns } from '../../src/redis/reading';
import { makeFleet } from '../support/fleet';
import { testUrl } from '../support/redis';
import { waitFor } from '../support/wait';

const fleet = makeFleet();

const MESSAGES = 10_000;
/** Bytes of a message, with at least what Redis puts around it. */
const LENGTH = 150;
/** Bytes that node reads from a socket at a time; what has arrived by then may be several times as much. */
const CHUNK = 65_536;

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

test('a double of a client, which has no stream, may connect', () => {
  const double = new EventEmitter();
  readInTurns(double as Redis);
  expect(() => double.emit('connect')).not.toThrow();
});

test('data that arrived while the process was stopped is read in slices', async () => {
  const channel = `${fleet.prefix}:flood`;
  const client = connect(`${testUrl()}?connectionName=${fleet.prefix}`, 'subscriber');
  fleet.afterwards(() => client.disconnect());
  await client.subscribe(channel);

  let received = 0;
  let inTurn = 0;
  let most = 0;
  client.on('message', () => {
    if (inTurn === 0)
      setImmediate(() => {
        inTurn = 0;
      });
    received += 1;
    inTurn += 1;
    most = Math.max(most, inTurn);
    // A chunk takes longer than a slice.
    if (received % 200 === 0) block(6);
  });
  const flooded = fleet.redis.eval(
    `for _ = 1, ${MESSAGES} do redis.call('PUBLISH', ARGV[1], string.rep('x', 100)) end`,
    0,
    channel,
  );
  block(300);
  await flooded;
  await waitFor('all messages', () => received === MESSAGES);
  expect(most * LENGTH).toBeLessThan(2.5 * CHUNK);
});
