import { Cluster, Redis } from 'ioredis';
import Bossman from '../../src';

const SECRET = 'open-sesame';
const IN_DATABASE_3 = { db: 3 };

test.each<[connection: unknown, type: typeof TypeError, message: string]>([
  [{ db: Number.NaN }, RangeError, 'connection.db: NaN is not the number of a database'],
  [{ db: 'abc' }, RangeError, "connection.db: 'abc'"],
  [{ db: '' }, RangeError, "connection.db: ''"],
  [{ db: 1.5 }, RangeError, 'connection.db: 1.5'],
  [{ db: () => 1 }, TypeError, 'connection.db: a function'],
  ['redis://h/abc', RangeError, "connection.db: 'abc'"],
  ['redis://h/1abc', RangeError, "connection.db: '1abc'"],
  ['redis://h?db=1abc', RangeError, "connection.db: '1abc'"],
  ['99999', RangeError, 'connection.port: 99999'],
  [{ port: 'abc' }, RangeError, "connection.port: 'abc' is not a port from 1 to 65535"],
  [{ port: 99_999 }, RangeError, 'connection.port: 99999'],
  [{ host: '' }, RangeError, "connection.host: '' is not the name or address of a host"],
  [{ host: `redis://:${SECRET}@h` }, RangeError, 'connection.host: a string is not'],
  [
    { host: 'h', connectTimeout: -1 },
    RangeError,
    'connection.connectTimeout: -1 is not a number of milliseconds',
  ],
  [{ connectTimeout: Number.POSITIVE_INFINITY }, RangeError, 'connection.connectTimeout: Infinity'],
  [{ socketTimeout: 2 ** 31 }, RangeError, 'connection.socketTimeout: 2147483648'],
  ['redis://h?connectTimeout=soon', RangeError, "connection.connectTimeout: 'soon'"],
  ['redis://h?retryStrategy=soon', TypeError, "connection.retryStrategy: 'soon' is not a function"],
  [{ family: 5 }, RangeError, 'connection.family: 5 is not 0, 4 or 6'],
  [{ password: { SECRET } }, TypeError, 'connection.password: an object is not a string'],
  [{ sentinels: [], name: 'chief' }, RangeError, 'connection.sentinels: an array is not'],
  [{ sentinels: [{ port: 99_999 }], name: 'chief' }, RangeError, 'connection.sentinels[0].port: 99999'],
  [{ sentinels: [{ host: 'h' }] }, TypeError, 'connection.name: undefined is not the name of the group'],
  [{ natMap: { 'a:1': { host: 'h', port: 0 } } }, RangeError, "connection.natMap['a:1'].port: 0"],
  [{ tls: { ca: 5 } }, TypeError, 'connection.tls: node:tls refuses these options'],
  [{ Connector: () => {} }, TypeError, 'connection.Connector: '],
  [new Redis({ lazyConnect: true, db: Number.NaN }), RangeError, 'connection.options.db: NaN'],
  [
    new Cluster([{ port: 99_999 }], { lazyConnect: true, keyPrefix: '{a}' }),
    RangeError,
    'connection.nodes[0].port: 99999',
  ],
  [
    new Cluster(['h'], { lazyConnect: true, keyPrefix: '{a}', redisOptions: { connectTimeout: -1 } }),
    RangeError,
    'connection.options.redisOptions.connectTimeout: -1',
  ],
  [
    new Cluster([{ host: 'h', ...IN_DATABASE_3 }], { lazyConnect: true, keyPrefix: '{a}' }),
    RangeError,
    'connection.nodes[0].db: 3 is not 0, the only database of a Cluster',
  ],
  [
    new Cluster([7000, 'redis://h/3'], { lazyConnect: true, keyPrefix: '{a}' }),
    RangeError,
    'connection.nodes[1].db: 3 is not 0, the only database of a Cluster',
  ],
  [
    new Cluster(['redis://h?db=3'], { lazyConnect: true, keyPrefix: '{a}' }),
    RangeError,
    'connection.nodes[0].db: 3',
  ],
  [
    new Cluster(['h'], { lazyConnect: true, keyPrefix: '{a}', redisOptions: IN_DATABASE_3 }),
    RangeError,
    'connection.options.redisOptions.db: 3 is not 0, the only database of a Cluster',
  ],
])('%p is refused at once, by name', (connection, type, message) => {
  const make = () => new Bossman({ connection } as Bossman.BossmanOptions);
  expect(make).toThrow(type);
  expect(make).toThrow(message);
  expect(make).not.toThrow(SECRET);
});
