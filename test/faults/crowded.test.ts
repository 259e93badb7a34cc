import type Bossman from '../../src';
import { makeFaultyFleet } from '../support/faults';
import { OwnTime } from '../support/own-time';
import { delay, waitFor } from '../support/wait';

const fleet = makeFaultyFleet();
const work = () => {};

/** ms between two tries of a subscriber that was refused: longer than any wait of these tests. */
const FOR_EVER = 60_000;
const TTL = 4000;
/** ms for the request and the start. */
const SLACK = 500;

/** Has the instance demand the job, and the one that hires it start the run in time. */
async function expectRunWithinTtl(instance: Bossman): Promise<void> {
  const own = new OwnTime();
  const demandedAt = own.now();
  await instance.demand('job');
  await waitFor('the run', () => fleet.told.start.length > 0);
  const waited = own.now() - demandedAt;
  own.stop();
  expect(waited).toBeLessThan(TTL + SLACK);
}

describe('while only the subscriber is disconnected', () => {
  it("another instance's demand runs within the ttl, without waiting for it to reconnect", async () => {
    fleet.allowErrors(/^CONNECTION/);
    // The command client is never cut off, so it is the subscriber that waits for this.
    const fred = fleet.join({ ttl: TTL }, { retryStrategy: () => FOR_EVER });
    const other = fleet.join();
    await fred.hire('job', { work });
    await fleet.heardBy(2);
    await fleet.killConnections('pubsub');
    await fleet.heardBy(1);
    await expectRunWithinTtl(other);
  });

  it('and refused because of maxclients, a demand runs within the ttl, too', async () => {
    fleet.allowErrors(
      /^CONNECTION: the subscriber connection .* failed \(ERR max number of clients reached; /,
    );
    const fred = fleet.join({ ttl: TTL }, { connectionName: 'fred' });
    const other = fleet.join();
    await fred.hire('job', { work });
    await fleet.heardBy(2);
    // Its command connection, two of the other, and the one that asks.
    await fleet.redis.config('SET', 'maxclients', '4');
    const clients = String(await fleet.redis.client('LIST')).split('\n');
    const [, id = ''] =
      clients.map((line) => /^id=(\d+) .* name=fred .* sub=[1-9]/.exec(line)).find(Boolean) ?? [];
    await fleet.redis.client('KILL', 'ID', id);
    await waitFor('the refusal', () => fleet.told.error.length > 0);
    await expectRunWithinTtl(other);
    expect(await fleet.heardBy(1)).toBe(true);
    await fleet.redis.config('SET', 'maxclients', '1000');
    await fleet.heardBy(2);
  });

  it('an instance that hears the bell sends nothing', async () => {
    fleet.allowErrors(/^CONNECTION/);
    const fred = fleet.join({ ttl: 100 });
    await fred.hire('job', { work });
    await fleet.heardBy(1);
    await fleet.killConnections('pubsub');
    await fleet.heardBy(1);
    const sent = async () =>
      Number(/total_commands_processed:(\d+)/.exec(await fleet.redis.info('stats'))?.[1] ?? 0);
    // The look that follows the return, and the last one of those before it.
    await delay(500);
    const before = await sent();
    await delay(1000);
    // Our own question is one.
    expect((await sent()) - before).toBe(1);
  });
});
