import { connectionOf, type TestFleet } from './fleet';

interface OldDefinition {
  every?: number | string;
  cron?: string;
  work: () => unknown;
}

/** What is used of an ioredis 2.5 client. */
interface OldClient {
  subscribe(channel: string): Promise<number>;
  on(event: 'message', listener: (channel: string, message: string) => void): void;
}

/** An instance of the last original, as far as it is used; it has no types. */
interface Original {
  subscriber: OldClient;
  hire(name: string, definition: OldDefinition): void;
  demand(name: string): void;
  fire(name: string): Promise<unknown>;
  quit(): Promise<unknown>;
}

const Bossbat: new (options: object) => Original = require('bossbat');

/** An instance of the last original that shares prefix and database with a fleet of new ones. */
export interface OldMember {
  hire(name: string, definition: OldDefinition): void;
  demand(name: string): void;
  fire(name: string): Promise<unknown>;
  /** What is in the list are the expiries of this trigger, `NAME` or `demand:NAME`, that it hears from now on. */
  expiries(name: string): string[];
  /** May be called again; the fleet calls it after the test. */
  quit(): Promise<unknown>;
}

/** Resolves when it listens. */
export async function joinOriginal(fleet: TestFleet, options: object = {}): Promise<OldMember> {
  const connection = connectionOf();
  const old = new Bossbat({ connection, prefix: fleet.prefix, ...options });
  // Commands are answered in order: those that its constructor sent have been, too.
  await old.subscriber.subscribe(`__keyevent@${connection.db}__:expired`);
  let left: Promise<unknown> | undefined;
  const quit = () => {
    left ??= old.quit();
    return left;
  };
  fleet.afterwards(quit);
  return {
    hire: (name, definition) => old.hire(name, definition),
    demand: (name) => old.demand(name),
    fire: (name) => old.fire(name),
    expiries(name) {
      const heard: string[] = [];
      const trigger = `${fleet.prefix}:work:${name}`;
      old.subscriber.on('message', (_channel, key) => key === trigger && heard.push(key));
      return heard;
    },
    quit,
  };
}
