import Bossman from '../src';
import { makeFleet } from './support/fleet';

const fleet = makeFleet();

const work = () => {};

type Wrong = [args: unknown[], type: typeof TypeError, message: string];

/** For wrong options and definitions: each named with its value. */
const wrongFor =
  (wrap: (given: object) => unknown[]) => (key: string, type: typeof TypeError, values: object) =>
    Object.entries(values).map<Wrong>(([shown, value]) => [wrap({ [key]: value }), type, `${key}: ${shown}`]);

const option = wrongFor((given) => [given]);
const planned = wrongFor((given) => ['a', { work, ...given }]);

const NAMES: Wrong[] = [
  [[], TypeError, 'name: undefined'],
  [[5, { work }], TypeError, 'name: 5'],
  [[null, { work }], TypeError, 'name: null'],
  [['', { work }], RangeError, "name: ''"],
];

const CONSTRUCTOR: Wrong[] = [
  [[null], TypeError, 'options: null'],
  [['redis://127.0.0.1'], TypeError, 'options: a string is not an object'],
  ...option('connection', TypeError, { true: true, 'Symbol(x)': Symbol('x') }),
  ...option('connection', RangeError, { '0': 0, '70000': 70_000, '1.5': 1.5, NaN: Number.NaN }),
  ...option('prefix', TypeError, { '5': 5, '[]': [] }),
  ...option('concurrency', TypeError, { "'20'": '20', true: true }),
  ...option('concurrency', RangeError, {
    '0': 0,
    '-1': -1,
    '1.5': 1.5,
    NaN: Number.NaN,
    '-Infinity': -Infinity,
  }),
  ...option('disableRedisConfig', TypeError, { "'no'": 'no', '1': 1 }),
];

/** The same of the option `history` as an object. */
function wrongHistory(wrong: typeof option, key: string, type: typeof TypeError, values: object): Wrong[] {
  return Object.entries(values).flatMap(([shown, value]) =>
    wrong('history', type, { [shown]: { [key]: value } }).map<Wrong>(([args, thrown]) => [
      args,
      thrown,
      `history.${key}: ${shown}`,
    ]),
  );
}

const RUN_OPTIONS = (wrong: typeof option): Wrong[] => [
  ...wrong('ttl', TypeError, { "'2000'": '2000', '[]': [] }),
  ...wrong('ttl', RangeError, { '0': 0, '-1': -1, '1.5': 1.5, NaN: Number.NaN, Infinity: Infinity }),
  ...wrong('keepAlive', TypeError, { "'yes'": 'yes' }),
  ...wrong('recover', TypeError, { "'yes'": 'yes', '1': 1 }),
  ...wrong('misfire', RangeError, { "'later'": 'later' }),
  ...wrong('misfire', TypeError, { true: true, '{}': {}, '{ within: 1, from: 2 }': { within: 1, from: 2 } }),
  ...wrong('jitter', TypeError, { true: true }),
  ...wrong('jitter', RangeError, { "'soon'": 'soon', '-1': -1, NaN: Number.NaN }),
  ...wrong('tz', TypeError, { '2': 2 }),
  ...wrong('tz', RangeError, { "'Mars/Olympus'": 'Mars/Olympus', "''": '' }),
  ...wrong('history', TypeError, { "'100'": '100', true: true, '[ 5 ]': [5] }),
  ...wrongHistory(wrong, 'runs', TypeError, { "'5'": '5' }),
  ...wrongHistory(wrong, 'runs', RangeError, { '-1': -1, '1.5': 1.5, NaN: Number.NaN }),
  ...wrongHistory(wrong, 'errors', TypeError, { "'no'": 'no', '0': 0 }),
  ...wrong('history', RangeError, { '-1': -1, '1.5': 1.5, NaN: Number.NaN, Infinity: Infinity }),
];

const HIRE: Wrong[] = [
  ...NAMES,
  [['a'], TypeError, 'definition: undefined'],
  [['a', null], TypeError, 'definition: null'],
  [['a', work], TypeError, 'definition: [Function: work]'],
  [['a', {}], TypeError, 'work: undefined'],
  ...planned('work', TypeError, { "'x'": 'x', null: null }),
  ...planned('every', TypeError, { true: true, '{}': {}, '10n': 10n }),
  ...planned('every', RangeError, { '0': 0, '-5': -5, NaN: Number.NaN, Infinity: Infinity, '0.1': 0.1 }),
  ...planned('every', RangeError, { "'foo'": 'foo', "''": '', "'0 seconds'": '0 seconds' }),
  ...planned('every', RangeError, { "'1 fortnight'": '1 fortnight', "'-5 minutes'": '-5 minutes' }),
  ...planned('cron', TypeError, { '5': 5, '{}': {} }),
  ...planned('cron', RangeError, { "'foo'": 'foo', "''": '', "'* * * *'": '* * * *' }),
  ...planned('cron', RangeError, { "'99 * * * *'": '99 * * * *', "'0 0 30 2 *'": '0 0 30 2 *' }),
  [['a', { work, every: 5, cron: '* * * * *' }], TypeError, "every: 5 and cron: '* * * * *'"],
];

const asked = wrongFor((given) => ['a', given]);

const HISTORY: Wrong[] = [
  ...NAMES,
  [['a', null], TypeError, 'options: null'],
  [['a', 5], TypeError, 'options: 5'],
  ...asked('last', TypeError, { "'5'": '5', true: true }),
  ...asked('last', RangeError, { '0': 0, '-1': -1, '1.5': 1.5, NaN: Number.NaN, Infinity: Infinity }),
];

const QUIT: Wrong[] = [
  [[null], TypeError, 'options: null'],
  [['SIGTERM'], TypeError, "options: 'SIGTERM'"],
  [[5], TypeError, 'options: 5'],
  ...option('timeout', TypeError, { "'5'": '5', true: true }),
  ...option('timeout', RangeError, { '-1': -1, NaN: Number.NaN }),
];

const QA: Wrong[] = [
  [[], TypeError, 'qa: undefined is not a function'],
  [['x'], TypeError, "qa: 'x' is not a function"],
  [[{ work }], TypeError, 'qa: { work: [Function: work] } is not a function'],
  [[Object.create(null)], TypeError, 'qa: [Object: null prototype] {} is not a function'],
];

const shown = (table: Wrong[]) => table.map((row) => [row[2], ...row] as const);

describe('the constructor throws at once for', () => {
  it.each(shown([...CONSTRUCTOR, ...RUN_OPTIONS(option)]))('%s', (_, args, type, message) => {
    const make = () => Reflect.construct(Bossman, args);
    expect(make).toThrow(type);
    expect(make).toThrow(message);
  });
});

describe.each([
  ['hire', [...HIRE, ...RUN_OPTIONS(planned)]],
  ['demand', NAMES],
  ['fire', NAMES],
  ['history', HISTORY],
  ['qa', QA],
  ['quit', QUIT],
])('%s', (method, table) => {
  it('throws at once, naming argument and value, and nothing changes', async () => {
    const fred = fleet.join();
    await fred.hire('a', { work });
    for (const [args, type, message] of table) {
      const call = () => Reflect.apply(Reflect.get(fred, method), fred, args);
      expect(call).toThrow(type);
      expect(call).toThrow(message);
    }
    await fred.demand('a');
    await fred.quit();
    expect(fleet.told.finish).toHaveLength(1);
  });
});
