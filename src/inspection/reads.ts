import { isError } from '../errors';
import { type Client, isCluster } from '../redis/connection';
import type { Keys } from '../redis/keys';
import { monotonicMs } from '../time/timers';

/** Entries per request, so that Redis can serve others in between. */
const PAGE = 500;

/** ms for which other prefixes are searched for; a database may have millions of keys. */
const LOOK_FOR = 3000;

/** A job's lock. */
export interface StoredLock {
  token: string;
  /** ms; Infinity for a lock without an expiry. */
  restMs: number;
}

type ReadPage = (cursor: string) => Promise<[cursor: string, entries: string[]]>;

/** The reads of the inspection, all in pages. Writes nothing. */
export class InspectionStore {
  constructor(
    private readonly client: Client,
    private readonly keys: Keys,
  ) {}

  /** A job's stored plan and next slot. */
  async plan(name: string): Promise<{ text: string; slot: number } | null> {
    const [text, slot] = await Promise.all([
      this.client.hget(this.keys.plans, name),
      this.client.zscore(this.keys.due, name),
    ]);
    return text === null || slot === null ? null : { text, slot: scoreOf(slot) };
  }

  /** NAME → next slot */
  async slots(): Promise<Map<string, number>> {
    const scores = await collect((cursor) => this.client.zscan(this.keys.due, cursor, 'COUNT', PAGE));
    return new Map([...scores].map(([name, score]) => [name, scoreOf(score)]));
  }

  /** @param key of a hash */
  hash(key: 'plans' | 'demands' | 'paused'): Promise<Map<string, string>> {
    return collect((cursor) => this.client.hscan(this.keys[key], cursor, 'COUNT', PAGE));
  }

  /** Display-only data; empty if the key has another type, which settle ignores as well. */
  notes(key: 'runs' | 'counts'): Promise<Map<string, string>> {
    return collect((cursor) => this.client.hscan(this.keys[key], cursor, 'COUNT', PAGE)).catch(
      ifForeign(new Map()),
    );
  }

  async note(key: 'runs' | 'counts', name: string): Promise<string | null> {
    return this.client.hget(this.keys[key], name).catch(ifForeign(null));
  }

  /** The locks that are held, by job. */
  async locks(names: readonly string[]): Promise<Map<string, StoredLock>> {
    const locks = new Map<string, StoredLock>();
    for (let from = 0; from < names.length; from += PAGE) {
      const page = names.slice(from, from + PAGE);
      const tokens = await this.client.mget(page.map((name) => this.keys.lock(name)));
      await Promise.all(
        page.map(async (name, index) => {
          const token = tokens[index] ?? null;
          if (token === null) return;
          const rest = await this.client.pttl(this.keys.lock(name));
          if (rest !== -2) locks.set(name, { token, restMs: rest === -1 ? Number.POSITIVE_INFINITY : rest });
        }),
      );
    }
    return locks;
  }

  /** The last runs of a job as stored, with their errors' details, newest first. */
  async history(name: string, last: number): Promise<{ run: string; details: string }[]> {
    const entries = await this.client
      .xrevrange(this.keys.history(name), '+', '-', 'COUNT', last)
      .catch(ifForeign<[id: string, fields: string[]][]>([]));
    return entries.flatMap(([, [field, run, second, details]]) => {
      if (field !== 'run' || run === undefined) return [];
      return [{ run, details: second === 'details' && details !== undefined ? details : '' }];
    });
  }

  /** The prefixes in this database that have jobs, sorted. */
  async prefixes(): Promise<string[]> {
    const { client } = this;
    const found = new Set<string>();
    const { keyPrefix = '' } = client.options;
    const until = monotonicMs() + LOOK_FOR;
    for (const node of isCluster(client) ? client.nodes('master') : [client]) {
      let cursor = '0';
      do {
        const [next, keys] = await node.scan(cursor, 'MATCH', '*:*s', 'COUNT', PAGE, 'TYPE', 'hash');
        for (const key of keys) {
          const [, prefix] = /^(.*):(?:plans|demands|runs|counts)$/s.exec(key) ?? [];
          if (prefix?.startsWith(keyPrefix)) found.add(prefix.slice(keyPrefix.length));
        }
        cursor = next;
      } while (cursor !== '0' && monotonicMs() < until);
    }
    return [...found].sort();
  }

  /** The number of answers to a roll call so far. */
  answersTo(roll: string): Promise<number> {
    return this.client.hlen(this.keys.answers(roll));
  }

  /** Reads and deletes the answers to a roll call, by instance. */
  async takeAnswers(roll: string): Promise<Map<string, string>> {
    const key = this.keys.answers(roll);
    const answers = new Map<string, string>();
    await Promise.all(
      (await this.client.hkeys(key)).map(async (instance) => {
        const answer = await this.client.hget(key, instance);
        if (answer !== null) answers.set(instance, answer);
      }),
    );
    await this.client.del(key);
    return answers;
  }
}

function scoreOf(text: string): number {
  return Number(text.replace('inf', 'Infinity'));
}

/** Collects all pages of a scan, which may return an entry twice. */
async function collect(readPage: ReadPage): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  let cursor = '0';
  do {
    const [next, entries] = await readPage(cursor);
    for (let at = 0; at + 1 < entries.length; at += 2) found.set(entries[at] ?? '', entries[at + 1] ?? '');
    cursor = next;
  } while (cursor !== '0');
  return found;
}

/** Replaces the error for a key of another type. */
function ifForeign<T>(nothing: T): (cause: unknown) => T {
  return (cause) => {
    if (isError(cause) && cause.message.startsWith('WRONGTYPE')) return nothing;
    throw cause;
  };
}
