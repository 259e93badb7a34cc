import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import Bossman from '../../src';
import { type Bells, hearBells } from './bells';
import { allHungUp } from './hung-up';
import { listenersOf } from './listeners';
import { madeForEachTest, RecordedFleet } from './recorded-fleet';
import { testUrl } from './redis';

/**
 * Instances for the tests of a file, or of a `describe`: each test has a prefix of its own, and leaves nothing behind.
 * After a test all its instances quit, its keys are deleted, and it fails if an `error` was told that it did not allow, or
 * if a connection is left.
 *
 *     const fleet = makeFleet();
 *     test('…', async () => {
 *       await fleet.join().hire('a', { every: 100, work });
 *       await waitFor('two slots', () => fleet.told.finish.length >= 2);
 *     });
 */
export function makeFleet(): TestFleet {
  return madeForEachTest(
    () => new TestFleet(),
    (fleet) => fleet.end(),
  );
}

/** `testUrl()`, or another URL, as options: for what has to be given `keyPrefix`, `db` or the original. */
export function connectionOf(url = testUrl()) {
  const { protocol, hostname, port, pathname, username, password } = new URL(url);
  return {
    host: hostname,
    port: Number(port || 6379),
    db: Number(pathname.slice(1) || 0),
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    ...(protocol === 'rediss:' && { tls: {} }),
  };
}

/** The instances of one test. */
export class TestFleet extends RecordedFleet<Bossman.BossmanError> {
  /** Keys that begin with it are deleted after the test, so those of a longer prefix are as well. */
  readonly prefix = `test-${randomBytes(6).toString('hex')}`;
  /** A plain client of the same database. */
  readonly redis = new Redis(testUrl());
  private readonly ends: (() => unknown)[] = [];

  /** A new instance at `testUrl()` with the prefix of the test, if the options do not say otherwise. */
  join(options: Bossman.BossmanOptions = {}): Bossman {
    // By its name a connection that is left behind is known.
    const url = new URL(testUrl());
    url.searchParams.set('connectionName', this.prefix);
    const instance = new Bossman({ connection: url.href, prefix: this.prefix, ...options });
    this.record(instance);
    return instance;
  }

  /** Resolves with how many listeners the bell of the prefix has. */
  listeners(): Promise<number> {
    return listenersOf(this.redis, this.bell);
  }

  /** What the bell says from now on; it is one listener more. */
  async hearBells(kept?: Parameters<typeof hearBells>[2]): Promise<Bells> {
    const bells = await hearBells(this.redis, this.bell, kept);
    this.afterwards(() => bells.close());
    return bells;
  }

  /** Called after the test, before its keys are deleted; the last one first. */
  afterwards(end: () => unknown): void {
    this.ends.unshift(end);
  }

  async end(): Promise<void> {
    await this.quitAll();
    for (const end of this.ends) await end();
    const isOurs = (client: string) => client.includes(` name=${this.prefix} `);
    await allHungUp(this.redis, this.bell, isOurs).finally(() => this.putAway());
  }

  protected override troubleOf(error: Bossman.BossmanError): Bossman.BossmanError {
    return error;
  }

  protected override textOf({ code, message }: Bossman.BossmanError): string {
    return `${code}: ${message}`;
  }

  private get bell(): string {
    return `${this.prefix}:bell:${connectionOf().db}`;
  }

  private async putAway(): Promise<void> {
    this.stalls.stop();
    const match = `${this.prefix}*`;
    for await (const keys of this.redis.scanStream({ match, count: 1000 })) {
      if (keys.length > 0) await this.redis.del(...keys);
    }
    await this.redis.quit();
    this.checkErrors();
  }
}
