import { runScript } from '../support/child';
import { startServer } from '../support/redis';

/** Nobody listens there. */
const NOBODY = 'redis://127.0.0.1:1/0';

/**
 * In one process: an instance for each option of ioredis and each hostile value, alone and as what a function returns.
 * Each is refused at once, or its instance lives for a while and quits. Prints how many were refused and how many not.
 */
const EVERYTHING = `
  const { Cluster, Redis } = require('ioredis');
  const { OPTION_NAMES } = require('../../src/redis/option-values');
  const OF_CLUSTERS = ['clusterRetryStrategy', 'natMap', 'dnsLookup', 'resolveSrv', 'slotsRefreshTimeout', 'slotsRefreshInterval',
    'keyPrefix', 'scripts', 'himportFieldsets', 'redisOptions', 'useSRVRecords', 'maxRedirections', 'scaleReads'];
  const SCALARS = [NaN, -1, 0, 1, 1.5, Infinity, -Infinity, 2 ** 31, 1e300, '', 'abc', '-1', '1e3', true, false, null, 10n,
    Symbol('s'), [], [NaN], {}, { host: 5, port: 'x' }, new Map(), new Date(NaN), /x/, Buffer.from('x'), Promise.resolve(1),
    Object.create(null), class {}];
  const FUNCTIONS = [
    () => { throw new Error('thrown'); },
    () => { throw undefined; },
    async () => { throw new Error('rejected'); },
    (...args) => { const last = args.at(-1); if (typeof last === 'function') { last(null, 5); last(null); } },
    ...SCALARS.map((value) => () => value),
  ];
  const valuesOf = (name) => {
    if (/tls$/i.test(name)) return [...SCALARS, ...FUNCTIONS.flatMap((call) => [{ checkServerIdentity: call }, { lookup: call }])];
    const isCalled = /strategy|onError|preferred|natMap|Connector|dnsLookup|resolveSrv/i.test(name);
    return [...SCALARS, ...(isCalled ? FUNCTIONS : FUNCTIONS.slice(0, 4))];
  };
  const killers = [];
  let going = '';
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    process.on(event, (error) => killers.push(event + ' with ' + going + ': ' + (error && error.stack)));
  }
  // What is reported does not matter here.
  process.removeAllListeners('warning');
  console.error = console.warn = () => {};
  let refused = 0;
  let accepted = 0;
  const tryOut = (connection) => {
    let fred;
    try {
      fred = new Bossman({ connection, prefix: '{hostile}', disableRedisConfig: true });
    } catch (error) {
      if (!/^(connection|prefix)/.test(error.message)) killers.push(going + ' was refused by ' + error.stack);
      refused += 1;
      return null;
    }
    accepted += 1;
    fred.on('error', () => {});
    fred.hire('tick', { every: 20, work() {} });
    return fred;
  };
  const withSentinel = { sentinels: [{ host: connection.host, port: connection.port }], name: 'chief', host: undefined };
  (async () => {
    const names = [...OPTION_NAMES, ...OF_CLUSTERS];
    const tryAll = async (name, index) => {
      const inCluster = index >= OPTION_NAMES.size;
      const made = valuesOf(name).flatMap((value) => {
        if (inCluster) {
          try {
            return [tryOut(new Cluster([connection], { [name]: value, lazyConnect: true }))];
          } catch (error) {
            // The caller's own Cluster could not be made.
            return [];
          }
        }
        const ways = [{ ...connection, [name]: value }];
        if (/sentinel|nat|preferred|role|name|Connector|tls/i.test(name)) ways.push({ ...connection, ...withSentinel, [name]: value });
        return ways.map(tryOut);
      }).filter(Boolean);
      await new Promise((resolve) => setTimeout(resolve, 100));
      await Promise.all(made.map((fred) => fred.quit({ timeout: 100 })));
    };
    for (let first = 0; first < names.length; first += 4) {
      const some = names.slice(first, first + 4);
      going = some.join();
      await Promise.all(some.map((name, index) => tryAll(name, first + index)));
    }
    for (const killer of killers.slice(0, 10)) console.log(killer);
    console.log('refused', refused > 300, 'accepted', accepted > 300, 'harm', killers.length);
    process.exit(0);
  })();`;

describe('no option of ioredis, whatever its value, ends the process or is refused under another name', () => {
  it('where no server listens', async () => {
    const { lines } = await runScript(EVERYTHING, NOBODY);
    expect(lines).toEqual(['refused true accepted true harm 0']);
  });

  it('at a Redis', async () => {
    const server = await startServer();
    const { lines } = await runScript(EVERYTHING, server.url);
    await server.stop();
    expect(lines).toEqual(['refused true accepted true harm 0']);
  });
});
