import { EventEmitter } from 'node:events';
import type { Client } from '../redis/connection';
import { Origin } from '../time/origin';
import { soon } from '../time/timers';
import type { MemoryServer, Subscriber } from './server';

/** A client of the memory server, with the commands and subscriptions of ioredis that an instance uses. */
export class MemoryClient extends EventEmitter implements Subscriber {
  status: 'connecting' | 'ready' | 'end' = 'connecting';
  readonly options = { db: 0, keyPrefix: '', host: 'memory', port: 0 };
  /** Messages arrive in the async context in which the client was created, as from a socket. */
  private readonly origin = new Origin();
  private hasCrashed = false;

  constructor(private readonly server: MemoryServer) {
    super();
    soon(() => {
      if (this.status !== 'connecting') return;
      this.status = 'ready';
      this.emit('ready');
    });
  }

  /** This object as a client of ioredis: it has every command that an instance sends. */
  get asClient(): Client {
    return this as unknown as Client;
  }

  /** @param name `bossman:` followed by the verb */
  defineCommand(name: string): void {
    const verb = name.slice('bossman:'.length);
    const call = (count: number, ...words: (string | number)[]) => {
      const keys = words.splice(0, count) as string[];
      return this.answer(() => this.server.call(verb, keys, words.map(String)));
    };
    Reflect.set(this, name, call);
  }

  deliver(channel: string, message: string): void {
    soon(() => {
      if (this.status === 'ready') this.origin.call(() => this.emit('message', channel, message));
    });
  }

  subscribe(channel: string): Promise<number> {
    return this.answer(() => {
      this.server.subscribe(channel, this);
      return 1;
    });
  }

  publish(channel: string, message: string): Promise<number> {
    return this.answer(() => this.server.publish(channel, message));
  }

  /** CHANNELS is used to find instances that are connected but do not answer, which do not exist in memory. */
  pubsub(about: 'NUMSUB' | 'CHANNELS', ...channels: string[]): Promise<(string | number)[]> {
    return this.answer(() => {
      if (about === 'CHANNELS') return [];
      return channels.flatMap((channel) => [channel, this.server.subscribers(channel)]);
    });
  }

  /** Returns the flags that instances want, so that they set nothing; there are no notifications in memory. */
  config(): Promise<string[]> {
    return this.answer(() => ['notify-keyspace-events', 'Ex']);
  }

  get(key: string): Promise<string | null> {
    return this.answer(() => this.server.db.get(key));
  }

  mget(keys: string[]): Promise<(string | null)[]> {
    return this.answer(() => keys.map((key) => this.server.db.get(key)));
  }

  pttl(key: string): Promise<number> {
    return this.answer(() => this.server.db.pttl(key));
  }

  del(...keys: string[]): Promise<number> {
    return this.answer(() => this.server.db.del(...keys));
  }

  hget(key: string, field: string): Promise<string | null> {
    return this.answer(() => this.server.db.hget(key, field));
  }

  hmget(key: string, ...fields: string[]): Promise<(string | null)[]> {
    return this.answer(() => fields.map((field) => this.server.db.hget(key, field)));
  }

  hkeys(key: string): Promise<string[]> {
    return this.answer(() => [...this.server.db.hgetall(key).keys()]);
  }

  hlen(key: string): Promise<number> {
    return this.answer(() => this.server.db.hgetall(key).size);
  }

  /** Returns everything in one page. */
  hscan(key: string): Promise<[cursor: string, entries: string[]]> {
    return this.answer(() => ['0', [...this.server.db.hgetall(key)].flat()]);
  }

  /** Returns everything in one page. */
  zscan(key: string): Promise<[cursor: string, entries: string[]]> {
    return this.answer(() => ['0', [...this.server.db.zgetall(key)].flat().map(String)]);
  }

  zscore(key: string, member: string): Promise<string | null> {
    return this.answer(() => {
      const score = this.server.db.zscore(key, member);
      return score === null ? null : String(score);
    });
  }

  xrevrange(
    key: string,
    _end: '+',
    _start: '-',
    _count: 'COUNT',
    count: number,
  ): Promise<[id: string, fields: string[]][]> {
    return this.answer(() => this.server.db.xrevrange(key, count).map(({ id, fields }) => [id, fields]));
  }

  quit(): Promise<'OK'> {
    return this.answer(() => {
      this.disconnect();
      return 'OK';
    });
  }

  disconnect(): void {
    if (this.status === 'end') return;
    this.status = 'end';
    this.server.unsubscribe(this);
    this.emit('close');
    this.emit('end');
  }

  /** As if the process were killed: commands have no effect and are never answered. */
  crash(): void {
    this.hasCrashed = true;
    this.status = 'end';
    this.server.unsubscribe(this);
  }

  /** Carries out a command immediately; its promise settles later, as with a server. */
  private answer<T>(command: () => T): Promise<T> {
    if (this.hasCrashed) return new Promise(() => {});
    if (this.status === 'end') return Promise.reject(new Error('Connection is closed.'));
    try {
      return Promise.resolve(command());
    } catch (error) {
      return Promise.reject(error);
    }
  }
}
