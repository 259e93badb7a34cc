import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import Bossman from '../../src';
import { type Bells, hearBells } from './bells';
import { allHungUp } from './hung-up';
import { testUrl } from './redis';
import { Stalls } from './stalls';

/** What instances told: by event, in the order in which it came. */
export type Told = { [E in keyof Bossman.BossmanEvents]: Bossman.BossmanEvents[E][0][] };

/** The instances of one test; all of it is fresh for every test. */
export interface TestFleet {
  /** Keys that begin with it are deleted after the test, so those of a longer prefix are as well. */
  readonly prefix: string;
  /** A plain client of the same database. */
  readonly redis: Redis;
  /** What all instances told. */
  readonly told: Told;
  /** When this process stood still. */
  readonly stalls: Stalls;
  /** What one of them told. */
  toldBy(instance: Bossman): Told;
  /** A new instance at `testUrl()` with the prefix of the test, if the options do not say otherwise. */
  join(options?: Bossman.BossmanOptions): Bossman;
  /** Resolves when the bell of the prefix has that many listeners. */
  listeners(): Promise<number>;
  /** What the bell says from now on; it is one listener more. */
  hearBells(): Promise<Bells>;
  /** The test goes well although errors are told whose code and message, `CODE: message`, match. */
  allowErrors(pattern: RegExp): void;
  /** Called after the test, before its keys are deleted; the last one first. */
  afterwards(end: () => unknown): void;
}

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
  let fleet: OneFleet | undefined;
  const current = (): OneFleet => {
    if (!fleet) throw new Error('makeFleet: its instances are for use within a test');
    return fleet;
  };
  beforeEach(() => {
    fleet = new OneFleet();
  });
  afterEach(() => current().end());
  return {
    get prefix() {
      return current().prefix;
    },
    get redis() {
      return current().redis;
    },
    get told() {
      return current().told;
    },
    get stalls() {
      return current().stalls;
    },
    toldBy: (instance) => current().toldBy(instance),
    join: (options) => current().join(options),
    listeners: () => current().listeners(),
    hearBells: () => current().hearBells(),
    allowErrors: (pattern) => current().allowErrors(pattern),
    afterwards: (end) => current().afterwards(end),
  };
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

class OneFleet implements TestFleet {
  readonly prefix = `test-${randomBytes(6).toString('hex')}`;
  readonly redis = new Redis(testUrl());
  readonly told = nothingTold();
  readonly stalls = new Stalls();
  private readonly members = new Map<Bossman, Told>();
  private readonly allowed: RegExp[] = [];
  private readonly ends: (() => unknown)[] = [];

  join(options: Bossman.BossmanOptions = {}): Bossman {
    // By its name a connection that is left behind is known.
    const url = new URL(testUrl());
    url.searchParams.set('connectionName', this.prefix);
    const instance = new Bossman({ connection: url.href, prefix: this.prefix, ...options });
    const told = nothingTold();
    this.members.set(instance, told);
    for (const lists of [told, this.told]) record(instance, lists);
    return instance;
  }

  toldBy(instance: Bossman): Told {
    const told = this.members.get(instance);
    if (!told) throw new Error('toldBy: the instance did not join this fleet');
    return told;
  }

  async listeners(): Promise<number> {
    const [, count] = await this.redis.pubsub('NUMSUB', this.bell);
    return Number(count);
  }

  async hearBells(): Promise<Bells> {
    const bells = await hearBells(this.redis, this.bell);
    this.afterwards(() => bells.close());
    return bells;
  }

  allowErrors(pattern: RegExp): void {
    this.allowed.push(pattern);
  }

  afterwards(end: () => unknown): void {
    this.ends.unshift(end);
  }

  async end(): Promise<void> {
    await Promise.all([...this.members.keys()].map((instance) => instance.quit()));
    for (const end of this.ends) await end();
    await allHungUp(this.redis, this.bell, (client) => client.includes(` name=${this.prefix} `)).finally(() =>
      this.putAway(),
    );
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
    const unexpected = this.told.error
      .map((error) => `${error.code}: ${error.message}`)
      .filter((error) => !this.allowed.some((pattern) => pattern.test(error)));
    if (unexpected.length > 0) throw new Error(`errors were told:\n${unexpected.join('\n')}`);
  }
}

function nothingTold(): Told {
  return { start: [], finish: [], fail: [], skip: [], lost: [], plan: [], error: [] };
}

function record(instance: Bossman, told: Told): void {
  instance.on('start', (event) => told.start.push(event));
  instance.on('finish', (event) => told.finish.push(event));
  instance.on('fail', (event) => told.fail.push(event));
  instance.on('skip', (event) => told.skip.push(event));
  instance.on('lost', (event) => told.lost.push(event));
  instance.on('plan', (event) => told.plan.push(event));
  instance.on('error', (error) => told.error.push(error));
}
