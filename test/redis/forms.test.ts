import { EventEmitter } from 'node:events';
import { parse } from 'node:url';
import { Cluster, Redis } from 'ioredis';
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis-5';
import Bossman from '../../src';
import { type Form, formOf } from '../../src/redis/forms';
import { OPTION_NAMES } from '../../src/redis/option-values';

const SECRET = 'open-sesame';
const NOWHERE = { host: '127.0.0.1', port: 1, lazyConnect: true };

/** What node_redis' clients have. */
const nodeRedis = Object.assign(new EventEmitter(), {
  duplicate() {},
  connect() {},
  options: { password: SECRET },
});

/** The same for its pools and its clients of Sentinels: commands, and no `duplicate`. */
const pool = new (class extends EventEmitter {
  connect() {}
  expire() {}
  ttl() {}
})();

describe('an invalid connection is refused, with the right form and without its values', () => {
  test.each<[what: string, connection: unknown, message: RegExp]>([
    ['an empty string', '', /^connection: '' is empty/],
    ['a URL in an object', { url: `redis://:${SECRET}@h` }, /no option url; write connection: URL/],
    ['a URL object in an object', { url: new URL(`redis://:${SECRET}@h`) }, /write connection: URL/],
    [
      'a connection string in an object',
      { connectionString: `redis://:${SECRET}@h` },
      /write connection: URL/,
    ],
    [
      "node_redis' socket",
      { socket: { host: 'h' }, password: SECRET },
      /no option socket; write .*{ host, port }/,
    ],
    ['a hostname', { hostname: 'h', port: 1 }, /no option hostname; write connection: { host }/],
    ['a database', { host: 'h', database: 3 }, /no option database; write connection: { db }/],
    ['a user', { host: 'h', user: 'app' }, /write connection: { username }/],
    ['options of a Cluster', { nodes: [{ host: 'h' }] }, /new Cluster/],
    ['the options of something around it', { redis: { host: 'h', password: SECRET } }, /no option 'redis'/],
    ['an unknown option and no place', { password: SECRET, retries: 5 }, /no option 'retries'/],
    [
      'a promise',
      Promise.resolve({ host: 'h' }),
      /an object of the class Promise is not a URL.*; await it first/,
    ],
    // biome-ignore lint/suspicious/noThenProperty: a promise of another library
    ['what is like a promise', { host: 'h', then() {} }, /is not a URL/],
    ['an array', [], /an array is not a URL/],
    ['an array of options', [{ host: 'h', password: SECRET }], /an array is not a URL/],
    ['a Map', new Map([['host', 'h']]), /class Map is not a URL/],
    ['a Set', new Set(), /class Set is not a URL/],
    ['a date', new Date(), /class Date is not a URL/],
    ['a regular expression', /h/, /class RegExp is not a URL/],
    ['an error', Object.assign(new Error('refused'), { port: 6379 }), /class Error is not a URL/],
    ['bytes', Buffer.from(`redis://:${SECRET}@h`), /class Buffer is not a URL/],
    ['a string that is an object', Object(`redis://:${SECRET}@h`), /class String is not a URL/],
    ['a function', () => SECRET, /^connection: a function is not a URL/],
    ['a class', Redis, /^connection: a function is not a URL/],
    ['an instance of something', new EventEmitter(), /is not a URL|no option/],
    ['a boolean', true, /^connection: true is not a URL/],
    ['a client of node_redis', nodeRedis, /client of a library other than ioredis/],
    ['a pool of node_redis', pool, /client of a library other than ioredis/],
    ['a transaction of ioredis', new Redis(NOWHERE).multi(), /client of a library other|is not/],
    ['a class with no option', new (class Config {})(), /an object of the class Config is not a URL/],
  ])('%s', (_what, connection, message) => {
    const make = () => new Bossman({ connection } as Bossman.BossmanOptions);
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
    expect(make).not.toThrow(SECRET);
    expect(make).toThrow(/^connection: /);
  });

  test.each<[what: string, options: unknown, message: RegExp]>([
    ['a URL', `redis://:${SECRET}@h`, /a string is not an object; a URL belongs in connection/],
    ['a port', 6379, /a number is not an object; a port belongs in connection/],
    ['a URL object', new URL(`redis://:${SECRET}@h`), /a URL belongs in connection/],
    ['a client', new Redis(NOWHERE), /a client belongs in connection/],
    ['a Cluster', new Cluster([NOWHERE], NOWHERE), /a client belongs in connection/],
    ['a client of node_redis', nodeRedis, /a client belongs in connection/],
    ['a pool of node_redis', pool, /a client belongs in connection/],
    [
      "a client's options",
      { host: 'h', port: 1, password: SECRET },
      /host, port, password: .* connection: { … }/,
    ],
    ['a URL in an object', { url: `redis://:${SECRET}@h` }, /url: .* belong in connection/],
    ['a path among our options', { path: '/run/redis.sock', ttl: 5000 }, /path: .* belong in connection/],
    ['an array', [], /an array is not an object/],
    ['a Map', new Map(), /class Map is not an object/],
    ['a promise', Promise.resolve({}), /class Promise is not an object/],
    ['a function', () => ({}), /is not an object/],
  ])('as options of an instance: %s', (_what, options, message) => {
    const make = () => new Bossman(options as Bossman.BossmanOptions);
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
    expect(make).not.toThrow(SECRET);
    expect(make).toThrow(/^options: /);
  });
});

describe('a connection may be anything that ioredis accepts', () => {
  const LOCALHOST: Form = { options: {} };
  class Config {
    readonly db = 4;
    get host() {
      return 'h';
    }
  }

  test.each<[what: string, connection: unknown, form: Form]>([
    ['nothing', undefined, LOCALHOST],
    ['null', null, LOCALHOST],
    ['no options', {}, LOCALHOST],
    ['an object without a prototype', Object.create(null), LOCALHOST],
    ['options that are undefined', { host: undefined, url: undefined }, { options: {} }],
    ['a port', 6380, { options: { port: 6380 } }],
    ...['password', 'keyPrefix', 'username', 'connectionName'].map<[string, unknown, Form]>((option) => [
      `nothing but ${option}`,
      { [option]: 'x' },
      { options: { [option]: 'x' } },
    ]),
    ['nothing but a database', { db: 3 }, { options: { db: 3 } }],
    ['nothing but TLS', { tls: {} }, { options: { tls: {} } }],
    ['a port as a string', { port: '6380' }, { options: { port: 6380 } }],
    ['options with more than ioredis knows', { host: 'h', retries: 5 }, { options: { host: 'h' } }],
    ['both names', { host: 'h', hostname: 'h', db: 1, database: 1 }, { options: { host: 'h', db: 1 } }],
    ['an object of a class', new Config(), { options: { host: 'h', db: 4 } }],
    ['a port of null', { host: 'h', port: null }, { options: { host: 'h' } }],
    ['a URL', 'redis://h:6380/3', { options: { host: 'h', port: 6380, db: 3 } }],
    ['a URL with a slash at its end', 'redis://h/3/', { options: { host: 'h', db: 3 } }],
    ['a URL of TLS in capitals', 'REDISS://h', { options: { host: 'h', tls: expect.anything() } }],
    ['a URL object', new URL('redis://h:6380/3'), { options: { host: 'h', port: 6380, db: 3 } }],
    ['what url.parse returns', parse('redis://h:6380/3'), { options: { host: 'h', port: 6380, db: 3 } }],
    ['a host', 'h', { options: { host: 'h' } }],
    ['a host and a port', 'h:6380', { options: { host: 'h', port: 6380 } }],
    ['an address of IPv6', { host: '::1' }, { options: { host: '::1' } }],
    ['a link-local address', { host: 'fe80::1%eth0' }, { options: { host: 'fe80::1%eth0' } }],
    [
      'numbers and flags in a query',
      'redis://h?connectTimeout=5000&enableReadyCheck=false&readOnly=0&tls=true',
      { options: { connectTimeout: 5000, enableReadyCheck: false, readOnly: false, tls: expect.anything() } },
    ],
  ])('%s', (_what, connection, form) => {
    expect(formOf(connection)).toMatchObject(form);
  });

  test('all options that a client of any version has', () => {
    const given = { ...NOWHERE, password: SECRET };
    for (const { options } of [new Redis(given), new Redis5(given)]) {
      expect(formOf(options)).toMatchObject({ options: { ...NOWHERE, password: SECRET } });
      expect(Object.keys(options).filter((name) => !OPTION_NAMES.has(name))).toEqual([]);
    }
  });

  test('a client of any version, a subclass of one, and what behaves as one', () => {
    class Own extends Redis {}
    const mock = { duplicate: () => mock, defineCommand() {}, options: {} };
    const clients = [new Redis(NOWHERE), new Redis5(NOWHERE), new Own(NOWHERE), mock];
    for (const client of clients) expect(formOf(client)).toEqual({ client });
    for (const cluster of [new Cluster([NOWHERE], NOWHERE), new Cluster5([NOWHERE], NOWHERE)]) {
      expect(formOf(cluster)).toEqual({ cluster });
    }
  });
});
