import { Redis } from 'ioredis';
import { type Bell, bellsIn } from '../../src/hints/bell';
import type { RunRecord } from '../../src/info';
import type { Done, Entry, History, RedisState, Told } from './history';
import type { Jobs } from './jobs';
import { stamp } from './messages';

/** An entry that has neither a stamp nor a member. */
type Unstamped =
  | { kind: 'bell'; bell: Bell }
  | { kind: 'redis'; state: RedisState }
  | { kind: 'fault'; what: string }
  | { kind: 'calm' | 'end' | 'inspected' };

/** ms between two readings of the clock. */
const READ_EVERY = 1000;
/** ms; an answer that took longer is no more precise than the reading before it. */
const QUICK = 1;

/**
 * Writes the history: what members report, what is done to them, and the messages on the bell, to which it subscribes itself.
 */
export class Recorder {
  readonly history: History;
  private readonly redis: Redis;
  private readonly subscriber: Redis;
  /**
   * The differences between Redis' clock and the machine's monotonic clock, in ms, and the stamps from which they apply; the
   * newest last. Redis uses the wall clock, which may be slewed, so one reading is not enough for a storm.
   */
  private readonly offsets: { from: number; offset: number }[] = [];
  private readonly rereading: NodeJS.Timeout;
  private isReading = false;

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
    this.rereading = setInterval(() => void this.readClock(), READ_EVERY);
    this.subscriber.on('message', (_channel, message) => {
      for (const bell of bellsIn(message)) this.write({ kind: 'bell', bell });
    });
  }

  /** Subscribes to the bell. Call this at the start, and each time that Redis is back. */
  async listen(): Promise<void> {
    // Waits for the connection, if there is none now.
    await this.subscriber.subscribe(this.channel);
    await this.readClock();
  }

  /** Call this before the server ends, so that `listen` waits for a new connection. Resolves when the old ones have closed. */
  async forget(): Promise<void> {
    const gone = [this.redis, this.subscriber].map(
      (client) => new Promise((resolve) => client.once('close', resolve)),
    );
    await Promise.all(gone);
  }

  told(member: string, told: Told, at: number): void {
    this.entries.push({ at: this.redisTime(at), member, ...told });
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

  onRecord(job: string, record: RunRecord, at: number): void {
    this.entries.push({ at, kind: 'record', job, record });
  }

  mark(kind: 'calm' | 'end' | 'inspected'): void {
    this.write({ kind });
  }

  get entries(): Entry[] {
    return this.history.entries;
  }

  now(): number {
    return this.redisTime(stamp());
  }

  close(): void {
    clearInterval(this.rereading);
    this.redis.disconnect();
    this.subscriber.disconnect();
  }

  private write(what: Unstamped): void {
    this.entries.push({ at: this.now(), ...what });
  }

  /**
   * Uses the last reading before the stamp, so that two entries with the same stamp get the same time, whenever they arrived.
   */
  private redisTime(at: number): number {
    const reading = this.offsets.findLast(({ from }) => from <= at) ?? this.offsets[0];
    return at + (reading?.offset ?? Number.NaN);
  }

  /** The fastest of several answers is the most precise. It is not used if it is no better than the known one. */
  private async readClock(): Promise<void> {
    if (this.isReading) return;
    this.isReading = true;
    try {
      let quickest = this.offsets.length > 0 ? QUICK : Number.POSITIVE_INFINITY;
      let best: { from: number; offset: number } | undefined;
      for (let reading = 0; reading < 50; reading += 1) {
        const from = stamp();
        const [seconds, micros] = await this.redis.time();
        const took = stamp() - from;
        if (took >= quickest) continue;
        quickest = took;
        best = { from, offset: Number(seconds) * 1000 + Number(micros) / 1000 - from - took / 2 };
      }
      if (best) this.offsets.push(best);
    } catch {
      // Closed meanwhile.
    } finally {
      this.isReading = false;
    }
  }
}
