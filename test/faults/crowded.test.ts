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

describe('while only the subscriber is disconnected', () => {
  it("another instance's demand runs within the ttl, and does not wait for its return", async () => {
    fleet.allowErrors(/^CONNECTION/);
    // The command client is never cut off, so it is the subscriber that waits for this.
    const fred = fleet.join({ ttl: TTL }, { retryStrategy: () => FOR_EVER });
    const other = fleet.join();
    await fred.hire('job', { work });
    await fleet.heardBy(2);
    await fleet.killConnections('pubsub');
    await fleet.heardBy(1);
    const own = new OwnTime();
    const demandedAt = own.now();
    await other.demand('job');
    await waitFor('the run', () => fleet.told.start.length > 0);
    const waited = own.now() - demandedAt;
    own.stop();
    expect(waited).toBeLessThan(TTL + SLACK);
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
