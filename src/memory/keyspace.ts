/** A string, and the time in ms at which it expires; Infinity: never. */
interface Text {
  text: string;
  endsAt: number;
}

/** An entry of a stream; `fields` are alternating names and values. */
export interface StreamEntry {
  id: string;
  fields: string[];
}

/**
 * The data types of Redis that the scripts use. Each method is the command of the same name, with the same answer. No key is
 * used with two types, because nothing else writes here.
 */
export class Keyspace {
  private readonly texts = new Map<string, Text>();
  private readonly hashes = new Map<string, Map<string, string>>();
  private readonly sets = new Map<string, Map<string, number>>();
  private readonly streams = new Map<string, StreamEntry[]>();
  /** The times at which hashes expire. */
  private readonly ends = new Map<string, number>();
  private entries = 0;

  /** @param now in ms, whole */
  constructor(private readonly now: () => number) {}

  get(key: string): string | null {
    return this.living(key)?.text ?? null;
  }

  /** @param ms whole ms until the key expires, above 0 */
  setPx(key: string, text: string, ms: number): void {
    this.texts.set(key, { text, endsAt: this.now() + ms });
  }

  /** Sets the key only if it does not exist; returns whether it was set. */
  setNxPx(key: string, text: string, ms: number): boolean {
    if (this.living(key)) return false;
    this.setPx(key, text, ms);
    return true;
  }

  exists(key: string): boolean {
    return this.living(key) !== undefined;
  }

  /** ms until the key expires; -2 if it does not exist. */
  pttl(key: string): number {
    const { endsAt } = this.living(key) ?? {};
    return endsAt === undefined ? -2 : endsAt - this.now();
  }

  pexpire(key: string, ms: number): void {
    const text = this.living(key);
    if (text) text.endsAt = this.now() + ms;
    else if (this.hashes.has(key)) this.ends.set(key, this.now() + ms);
  }

  /** Returns the number of deleted keys. */
  del(...keys: string[]): number {
    let deleted = 0;
    for (const key of keys) {
      if (this.living(key)) deleted += 1;
      this.texts.delete(key);
      for (const kind of [this.hashes, this.sets, this.streams]) if (kind.delete(key)) deleted += 1;
    }
    return deleted;
  }

  hget(key: string, field: string): string | null {
    return this.hash(key)?.get(field) ?? null;
  }

  hset(key: string, field: string, text: string): void {
    const hash = this.hash(key);
    if (hash) hash.set(field, text);
    else this.hashes.set(key, new Map([[field, text]]));
  }

  /** Returns the number of deleted fields. */
  hdel(key: string, ...fields: string[]): number {
    const hash = this.hash(key);
    const deleted = fields.filter((field) => hash?.delete(field)).length;
    if (hash?.size === 0) this.hashes.delete(key);
    return deleted;
  }

  hgetall(key: string): ReadonlyMap<string, string> {
    return this.hash(key) ?? new Map();
  }

  zscore(key: string, member: string): number | null {
    return this.sets.get(key)?.get(member) ?? null;
  }

  zadd(key: string, score: number, member: string): void {
    const set = this.sets.get(key);
    if (set) set.set(member, score);
    else this.sets.set(key, new Map([[member, score]]));
  }

  /** Returns the number of removed members. */
  zrem(key: string, ...members: string[]): number {
    const set = this.sets.get(key);
    const removed = members.filter((member) => set?.delete(member)).length;
    if (set?.size === 0) this.sets.delete(key);
    return removed;
  }

  zgetall(key: string): ReadonlyMap<string, number> {
    return this.sets.get(key) ?? new Map();
  }

  /** The members with a score from `least` to `most`, sorted by score; at most `count`. */
  zrangebyscore(key: string, least: number, most: number, count: number): string[] {
    const inside = [...this.zgetall(key)].filter(([, score]) => score >= least && score <= most);
    inside.sort(([a, scoreA], [b, scoreB]) => scoreA - scoreB || (a < b ? -1 : 1));
    return inside.slice(0, count).map(([member]) => member);
  }

  /** Returns the id of the new entry. The stream keeps about `length` entries, the newest. */
  xadd(key: string, length: number, fields: string[]): string {
    this.entries += 1;
    const id = `${this.now()}-${this.entries}`;
    const stream = this.streams.get(key) ?? [];
    stream.push({ id, fields });
    // Keeps up to twice as many, as Redis also keeps more than asked for, so that not every call moves all entries.
    if (stream.length >= 2 * length) stream.splice(0, stream.length - length);
    this.streams.set(key, stream);
    return id;
  }

  xdel(key: string, id: string): void {
    const stream = this.streams.get(key);
    // Redis keeps empty streams.
    if (stream)
      this.streams.set(
        key,
        stream.filter((entry) => entry.id !== id),
      );
  }

  /** Newest first. */
  xrevrange(key: string, count: number): StreamEntry[] {
    return (this.streams.get(key) ?? []).slice(-count).reverse();
  }

  xlen(key: string): number {
    return this.streams.get(key)?.length ?? 0;
  }

  private living(key: string): Text | undefined {
    const text = this.texts.get(key);
    if (!text || text.endsAt >= this.now()) return text;
    this.texts.delete(key);
    return undefined;
  }

  private hash(key: string): Map<string, string> | undefined {
    if (this.ends.size > 0 && (this.ends.get(key) ?? Number.POSITIVE_INFINITY) < this.now()) {
      this.ends.delete(key);
      this.hashes.delete(key);
    }
    return this.hashes.get(key);
  }
}
