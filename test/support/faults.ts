import { randomBytes } from 'node:crypto';
import { Redis, type RedisOptions } from 'ioredis';
import Bossman from '../../src';
import { type Bells, hearBells } from './bells';
import { slotsOf } from './flaws';
import { allHungUp } from './hung-up';
import { listenersOf } from './listeners';
import { type Member, type MemberTask, startMember } from './member-process';
import { madeForEachTest, RecordedFleet } from './recorded-fleet';
import { type RedisServer, startServer } from './redis';
import { waitFor } from './wait';

export type { Member } from './member-process';

/**
 * Instances for tests that break their server: each test has one of its own. After a test its instances have quit, its
 * processes are gone, and it fails if an `error` was told that it did not allow, or if a connection is left.
 *
 * @param args of the server
 */
export function makeFaultyFleet(args: string[] = []): FaultyFleet {
  return madeForEachTest(
    async () => new FaultyFleet(await startServer({ args })),
    (fleet) => fleet.end(),
  );
}

/** The instances of one test, and the server that is theirs alone. Of an error is kept `CODE: message`. */
class FaultyFleet extends RecordedFleet<string> {
  readonly prefix = `faults-${randomBytes(6).toString('hex')}`;
  /** A plain client of the server, which may be killed with the others: it connects again. */
  readonly redis: Redis;
  private readonly members: Member[] = [];
  private readonly heard: Bells[] = [];

  constructor(readonly server: RedisServer) {
    super();
    this.redis = new Redis(server.port, { retryStrategy: () => 20, maxRetriesPerRequest: null });
    this.redis.on('error', () => {});
  }

  /** A new instance, which tries every 20 ms to connect if `connection` does not say otherwise. */
  join(options: Bossman.BossmanOptions = {}, connection: RedisOptions = {}): Bossman {
    const { port } = this.server;
    const instance = new Bossman({
      connection: { host: '127.0.0.1', port, retryStrategy: () => 20, ...connection },
      prefix: this.prefix,
      ...options,
    });
    this.record(instance);
    return instance;
  }

  /** A new process; resolves when all is hired. */
  async spawn(task: MemberTask): Promise<Member> {
    const { member, hired } = startMember({ url: this.server.url, prefix: this.prefix }, task, this.told);
    this.members.push(member);
    await hired;
    return member;
  }

  /** Slots of the job that were started, in the order in which that was reported. */
  slotsOf(job: string): number[] {
    return slotsOf(this.told, job);
  }

  /** Resolves when this many more slots of the job have been started, from now on. */
  async ticks(job: string, count: number): Promise<void> {
    const before = this.slotsOf(job).length;
    const enough = () => this.slotsOf(job).length >= before + count;
    await waitFor(`${count} more slots of ${job}`, enough);
  }

  /** Resolves when the bell has exactly this many listeners. */
  heardBy(count: number): Promise<unknown> {
    return waitFor(
      `${count} to listen to the bell`,
      async () => (await listenersOf(this.redis, this.bell)) === count,
    );
  }

  /** What the bell says from now on; it is one listener more. */
  async hearBells(): Promise<Bells> {
    const bells = await hearBells(this.redis, this.bell);
    this.heard.push(bells);
    return bells;
  }

  /** Has the server kill connections of all instances: those for commands (`normal`), or the subscribers'. */
  killConnections(type: 'normal' | 'pubsub'): Promise<unknown> {
    return this.redis.call('CLIENT', 'KILL', 'TYPE', type);
  }

  async end(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    await this.quitAll();
    for (const bells of this.heard) bells.close();
    await this.allHungUp().finally(() => this.putAway());
  }

  protected override troubleOf({ code, message }: Bossman.BossmanError): string {
    return `${code}: ${message}`;
  }

  protected override textOf(trouble: string): string {
    return trouble;
  }

  private get bell(): string {
    return `${this.prefix}:bell:0`;
  }

  private async allHungUp(): Promise<void> {
    if (!this.server.running) return;
    this.server.thaw();
    const own = await this.redis.client('ID');
    await allHungUp(this.redis, this.bell, (client) => !client.startsWith(`id=${own} `));
  }

  private async putAway(): Promise<void> {
    this.stalls.stop();
    this.redis.disconnect();
    await this.server.stop();
    this.checkErrors();
  }
}
