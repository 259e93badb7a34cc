import { Redis } from 'ioredis';
import { type Bell, parseBell } from '../../src/bell';
import type { Done, Entry, History, RedisState, Told } from './history';
import type { Jobs } from './jobs';
import { stamp } from './messages';

/** What has no stamp of its own, and is nobody's. */
type Unstamped =
  | { kind: 'bell'; bell: Bell }
  | { kind: 'redis'; state: RedisState }
  | { kind: 'fault'; what: string }
  | { kind: 'calm' | 'end' };

/** Writes the history: what members tell, what is done to them, and the bell, which it listens to itself. */
export class Recorder {
  readonly history: History;
  private readonly redis: Redis;
  private readonly subscriber: Redis;
  /** From the machine's monotonic clock to Redis' clock, in ms. */
  private offset = Number.NaN;

  /** @param port of Redis itself, not of the gate */
  constructor(
    port: number,
    private readonly channel: string,
    jobs: Jobs,
  ) {
    this.history = { jobs, entries: [] };
    const options = { host: '127.0.0.1', port, retryStrategy: () => 5, maxRetriesPerRequest: null };
    this.redis = new Redis({ ...options, connectionName: 'recorder' });
    this.subscriber = new Redis({ ...options, connectionName: 'recorder', autoResubscribe: false });
    for (const client of [this.redis, this.subscriber]) client.on('error', () => {});
    this.subscriber.on('message', (_channel, message) => {
      const bell = parseBell(message);
      if (bell) this.write({ kind: 'bell', bell });
    });
  }

  /** Resolves when it hears the bell; to be called at the start, and each time that Redis is back. */
  async listen(): Promise<void> {
    // Waits for the connection, if there is none now.
    await this.subscriber.subscribe(this.channel);
    if (Number.isNaN(this.offset)) await this.readClock();
  }

  /** The server is about to end: so that `listen` does not take the old connection for the new one. */
  async forget(): Promise<void> {
    const gone = [this.redis, this.subscriber].map(
      (client) => new Promise((resolve) => client.once('close', resolve)),
    );
    await Promise.all(gone);
  }

  told(member: string, told: Told, at: number): void {
    this.entries.push({ at: at + this.offset, member, ...told });
  }

  done(member: string, done: Done): void {
    this.entries.push({ at: this.now(), member, ...done });
  }

  redisIs(state: RedisState): void {
    this.write({ kind: 'redis', state });
  }

  fault(what: string): void {
    this.write({ kind: 'fault', what });
  }

  mark(kind: 'calm' | 'end'): void {
    this.write({ kind });
  }

  get entries(): Entry[] {
    return this.history.entries;
  }

  now(): number {
    return stamp() + this.offset;
  }

  close(): void {
    this.redis.disconnect();
    this.subscriber.disconnect();
  }

  private write(what: Unstamped): void {
    this.entries.push({ at: this.now(), ...what });
  }

  /** The quickest of some answers tells best. */
  private async readClock(): Promise<void> {
    let quickest = Number.POSITIVE_INFINITY;
    for (let reading = 0; reading < 50; reading += 1) {
      const sent = stamp();
      const [seconds, micros] = await this.redis.time();
      const took = stamp() - sent;
      if (took >= quickest) continue;
      quickest = took;
      this.offset = Number(seconds) * 1000 + Number(micros) / 1000 - sent - took / 2;
    }
  }
}
