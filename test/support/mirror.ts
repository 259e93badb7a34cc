import type { Redis } from 'ioredis';
import { MemoryServer } from '../../src/memory/server';
import type { Keys } from '../../src/redis/keys';

/** Below this a number in a reply says how many, or yes or no, and is compared exactly. */
const COUNTS = 32;
/** Above this a number is a time, which is compared exactly. In between are rests of time, which pass while Redis works. */
const TIMES = 1e10;
/** ms by which a rest may differ. No step of a test lets so little time pass. */
const SLACK = 4500;

/**
 * The store in memory beside a Redis: it is given each call that the Redis has answered, at the time of that answer, and has
 * to give the same answer and to store the same.
 */
export class Mirror {
  private nowUs = 0;
  /** By so many ms keys may expire later in Redis than here, as time was let pass since an original set its trigger. */
  private late = 0;
  private readonly server = new MemoryServer(() => this.nowUs);
  /** Calls that agreed. */
  agreed = 0;
  /** Their scripts. */
  readonly verbs = new Set<string>();
  /** The messages on the channel that it listens to. */
  readonly heard: string[] = [];

  get db(): MemoryServer['db'] {
    return this.server.db;
  }

  listen(channel: string): void {
    this.server.subscribe(channel, { deliver: (_channel, message) => this.heard.push(message) });
  }

  /** Sets a string that expires then. */
  setTextAt(key: string, text: string, endsAt: number): void {
    this.late = 0;
    this.server.db.setPx(key, text, endsAt - Math.floor(this.nowUs / 1000));
  }

  /**
   * So much time has passed without a call, which took so many ms. What is gone in Redis since is gone here, too: at the time
   * of the next call, it might only just be there.
   */
  pass(ms: number, took: number, gone: string[]): void {
    this.nowUs += ms * 1000;
    this.late += took;
    this.db.del(...gone);
  }

  /** Carries out what Redis has answered, so many ms after it was called. */
  call(verb: string, keys: string[], args: unknown[], reply: unknown, took: number): void {
    const [nowUs] = Array.isArray(reply) ? reply : [];
    this.nowUs = Number(nowUs);
    if (verb === 'arm') this.adoptTrigger(keys[4] ?? '', String(args[2]), reply, took);
    const own = this.server.call(verb, keys, args.map(String));
    const isAlike = verb === 'sweep' ? areAlike(inOrder(reply), inOrder(own)) : areAlike(reply, own);
    if (!isAlike) {
      const called = JSON.stringify([verb, keys, args]);
      throw new Error(
        `Redis and memory differ in ${called}\n${JSON.stringify(reply)}\n${JSON.stringify(own)}`,
      );
    }
    this.agreed += 1;
    this.verbs.add(verb);
  }

  /**
   * The trigger of an original expires when the next slot is due. Redis reads its time and the rest of a key one after the
   * other, and a busy machine may stop it in between, but not for longer than the call took.
   */
  private adoptTrigger(trigger: string, name: string, reply: unknown, took: number): void {
    const [, answer] = Array.isArray(reply) ? reply : [];
    const slot = Number(Array.isArray(answer) ? answer[2] : Number.NaN);
    const endsAt = Math.floor(this.nowUs / 1000) + this.db.pttl(trigger);
    const isTheirs = this.db.get(trigger) === name && Math.abs(slot - endsAt) <= this.late + took;
    if (isTheirs) this.setTextAt(trigger, name, slot);
  }

  /** Compares all that is stored of a job. */
  async compare(redis: Redis, keys: Keys, job: string): Promise<void> {
    const hashes = [keys.plans, keys.demands, keys.recovers, keys.counts, keys.paused, keys.runs];
    const texts = [keys.lock(job), keys.trigger(job)];
    const asked = redis.multi();
    for (const key of hashes) asked.hgetall(key);
    asked.zrange(keys.due, '0', '-1', 'WITHSCORES').xrange(keys.history(job), '-', '+');
    for (const key of texts) asked.get(key).pttl(key);
    const stored = ((await asked.exec()) ?? []).map(([, value]) => value);
    const { db } = this;
    const own = [
      ...hashes.map((key) => Object.fromEntries(db.hgetall(key))),
      Object.fromEntries([...db.zgetall(keys.due)].map(([name, score]) => [name, String(score)])),
      db.xrevrange(keys.history(job), 1000).reverse(),
      ...texts.flatMap((key) => [db.get(key), db.pttl(key)]),
    ];
    const scores = (stored[hashes.length] ?? []) as string[];
    stored[hashes.length] = Object.fromEntries(
      scores.flatMap((name, at) => (at % 2 === 0 ? [[name, scores[at + 1]]] : [])),
    );
    const [entries = []] = stored.slice(hashes.length + 1) as [string, string[]][][];
    stored[hashes.length + 1] = entries.map(([id, fields]) => ({ id, fields }));
    for (const [at, value] of stored.entries()) {
      if (areAlike(plain(value), plain(own[at]))) continue;
      throw new Error(
        `Redis and memory store different things (${at})\n${JSON.stringify(value)}\n${JSON.stringify(own[at])}`,
      );
    }
  }
}

/** Without the ids of entries, which each server gives by its own clock. */
function plain(value: unknown): unknown {
  const text = JSON.stringify(value ?? null)
    .replace(/!\d+-\d+/g, '!ID')
    .replace(/"id":"[^"]*"/g, '"id":""');
  return JSON.parse(text);
}

/** An answer of sweep, whose names come in the order in which a Redis happens to keep the fields of a hash. */
function inOrder(reply: unknown): unknown[] {
  const [nowUs, names] = Array.isArray(reply) ? reply : [];
  return [nowUs, Array.isArray(names) ? names.map(String).sort() : names];
}

function areAlike(one: unknown, other: unknown): boolean {
  if (typeof one === 'number' && typeof other === 'number') {
    if (one === other) return true;
    const isRest = [one, other].every((number) => number < TIMES) && Math.max(one, other) > COUNTS;
    return isRest && Math.abs(one - other) < SLACK;
  }
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null)
    return one === other;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => areAlike(Reflect.get(one, name), Reflect.get(other, name)))
  );
}
