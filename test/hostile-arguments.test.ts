import Bossman, { nextSlots } from '../src';
import { isError } from '../src/errors';
import { makeFleet } from './support/fleet';

const fleet = makeFleet();
const work = () => {};
const fails = () => {
  throw new Error('a fault of its own');
};

/** Neither its members nor its class can be read. */
const closed = new Proxy({}, { get: fails, has: fails, ownKeys: fails, getPrototypeOf: fails });
const revoked = Proxy.revocable({}, {});
revoked.revoke();

/** By the names that the table below uses. */
const VALUES: Record<string, unknown> = {
  function: () => 5,
  class: class {},
  symbol: Symbol('s'),
  bigint: 10n,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
  '-0': -0,
  '0': 0,
  '-1': -1,
  '1.5': 1.5,
  '2 ** 53': 2 ** 53,
  safe: Number.MAX_SAFE_INTEGER,
  empty: '',
  text: 'abc',
  zeroByte: '\0',
  true: true,
  false: false,
  null: null,
  '{}': {},
  frozen: Object.freeze({ a: 1 }),
  'without a prototype': Object.create(null),
  'cannot be a string': { toString: fails, valueOf: fails, [Symbol.toPrimitive]: fails },
  'getter that throws': Object.defineProperty({}, 'unknown', { enumerable: true, get: fails }),
  '[]': [],
  '[5]': [5],
  Map: new Map(),
  Set: new Set(),
  Date: new Date(0),
  'no date': new Date(Number.NaN),
  RegExp: /x/,
  Buffer: Buffer.from('x'),
  promise: Promise.resolve(5),
  error: new Error('x'),
  'boxed number': Object(5),
  'boxed string': Object('abc'),
  closed,
  revoked: revoked.proxy,
};

/** Objects that may have options, and have none that is known. */
const OBJECTS = ['{}', 'frozen', 'without a prototype', 'cannot be a string', 'getter that throws'];
const TEXTS = ['text', 'zeroByte'];
const FLAGS = ['true', 'false', 'null'];
const COUNTS = ['-0', '0', 'safe', 'null'];

type Call = (value: unknown) => unknown;
type Row = [argument: string, call: Call, accepted: string[]];

/** For what a type could not say to a program in JavaScript. */
const as = <T>(value: unknown) => value as T;

const made: Bossman[] = [];
const make = (options: object) => {
  const instance = new Bossman(as<Bossman.BossmanOptions>(options));
  made.push(instance.on('error', () => {}));
};
const hire = (definition: object) =>
  fleet.join().hire('job', as<Bossman.JobDefinition>({ every: '1h', work, ...definition }));

const ofRuns = (call: (options: object) => unknown): Row[] => [
  ['ttl', (ttl) => call({ ttl }), ['safe', 'null']],
  ['keepAlive', (keepAlive) => call({ keepAlive }), FLAGS],
  ['recover', (recover) => call({ recover }), FLAGS],
  ['misfire', (misfire) => call({ misfire }), ['null']],
  ['misfire.within', (within) => call({ misfire: { within } }), ['1.5']],
  ['jitter', (jitter) => call({ jitter }), ['-0', '0', '1.5', 'null']],
  ['tz', (tz) => call({ tz }), ['null']],
  ['history', (history) => call({ history }), [...COUNTS, ...OBJECTS]],
  ['history.runs', (runs) => call({ history: { runs } }), COUNTS],
  ['history.errors', (errors) => call({ history: { errors } }), FLAGS],
];

const connection = { host: '127.0.0.1', port: 1 };
const NEW: Row[] = [
  ['options', (options) => make(as<object>(options)), OBJECTS],
  ['prefix', (prefix) => make({ connection, prefix }), [...TEXTS, 'empty', 'null']],
  ['disableRedisConfig', (given) => make({ connection, disableRedisConfig: given }), FLAGS],
  ...ofRuns((options) => make({ connection, ...options })),
];

const HIRE: Row[] = [
  ['definition', (given) => fleet.join().hire('job', as<Bossman.JobDefinition>(given)), []],
  ['work', (given) => hire({ work: given }), ['function', 'class']],
  ['every', (every) => hire({ every }), ['1.5', 'null']],
  ['cron', (cron) => hire({ every: null, cron }), ['null']],
  ...ofRuns(hire),
];

const named = (call: (name: string) => unknown): Row => ['name', (name) => call(as<string>(name)), TEXTS];
const OTHERS: Row[] = [
  named((name) => fleet.join().hire(name, { work })),
  named((name) => fleet.join().demand(name)),
  named((name) => fleet.join().fire(name)),
  named((name) => fleet.join().pause(name)),
  named((name) => fleet.join().resume(name)),
  named((name) => fleet.join().history(name)),
  named((name) => fleet.join().next(name)),
  ['options', (options) => fleet.join().history('job', as<object>(options)), OBJECTS],
  ['last', (last) => fleet.join().history('job', { last: as<number>(last) }), ['safe', 'null']],
  ['options', (options) => fleet.join().next('job', as<object>(options)), OBJECTS],
  ['count', (count) => fleet.join().next('job', { count: as<number>(count) }), ['null']],
  ['options', (options) => fleet.join().pause('job', as<object>(options)), OBJECTS],
  ['until', (until) => fleet.join().pause('job', { until: as<Date>(until) }), ['null']],
  ['note', (note) => fleet.join().pause('job', { note: as<string>(note) }), [...TEXTS, 'empty', 'null']],
  ['options', (options) => fleet.join().quit(as<object>(options)), OBJECTS],
  [
    'timeout',
    (timeout) => fleet.join().quit({ timeout: as<number>(timeout) }),
    ['Infinity', '-0', '0', '1.5', '2 ** 53', 'safe', 'null'],
  ],
  ['qa', (qa) => fleet.join().qa(as<Bossman.Qa>(qa)), ['function', 'class']],
];

const slots = (plan: object, options?: object) => nextSlots(as<Bossman.SlotsPlan>(plan), options);
const hourly = { every: '1h', name: 'job', jitter: 1000 };
const SLOTS: Row[] = [
  ['plan', (plan) => slots(as<object>(plan)), []],
  ['options', (options) => slots(hourly, as<object>(options)), OBJECTS],
  ['every', (every) => slots({ every }), ['1.5']],
  ['cron', (cron) => slots({ cron }), []],
  ['tz', (tz) => slots({ ...hourly, tz }), ['null']],
  ['jitter', (jitter) => slots({ ...hourly, jitter }), ['-0', '0', '1.5', 'null']],
  ['name', (name) => slots({ ...hourly, name }), [...TEXTS, 'empty']],
  ['prefix', (prefix) => slots({ ...hourly, prefix }), [...TEXTS, 'empty', 'null']],
  ['count', (count) => slots(hourly, { count }), ['null']],
  ['after', (after) => slots(hourly, { after }), ['-0', '0', '-1', '1.5', 'null', 'Date']],
];

/** What takes the place of an argument's name where it is not there at all. */
const INSTEAD: Record<string, RegExp> = { definition: /^work: undefined/, every: /^plan: /, cron: /^plan: / };

/** 'accepted', or what it throws at once: the argument, when it is a TypeError or RangeError that begins with it. */
function outcomeOf(argument: string, call: Call, value: unknown): string {
  try {
    const returned = call(value);
    if (returned instanceof Promise) returned.catch(() => {});
    return 'accepted';
  } catch (error) {
    if (!isError(error)) return 'threw something else';
    const isRefusal = error instanceof TypeError || error instanceof RangeError;
    const isNamed =
      [': ', '.'].some((end) => error.message.startsWith(argument + end)) ||
      INSTEAD[argument]?.test(error.message);
    return isRefusal && isNamed && error.message.length < 400 ? 'refused' : String(error);
  }
}

describe.each([
  ['the constructor', NEW],
  ['hire', HIRE],
  ['the other methods', OTHERS],
  ['nextSlots', SLOTS],
])('any value for %s is accepted, or refused at once by its name', (_where, rows) => {
  const emitted: unknown[] = [];
  const note = (error: unknown) => emitted.push(error);
  beforeEach(() => {
    // Each warning is about an option that does not exist, or a pattern.
    jest.spyOn(process, 'emitWarning').mockReturnValue();
    for (const event of ['uncaughtException', 'unhandledRejection']) process.on(event, note);
  });
  afterEach(async () => {
    await Promise.all(made.splice(0).map((instance) => instance.quit({ timeout: 0 })));
    for (const event of ['uncaughtException', 'unhandledRejection']) process.removeListener(event, note);
    expect(emitted.splice(0)).toEqual([]);
    jest.restoreAllMocks();
  });

  it.each(rows)('%s', (argument, call, accepted) => {
    const outcomes = Object.entries(VALUES).map(([name, value]) => [name, outcomeOf(argument, call, value)]);
    const expected = Object.keys(VALUES).map((name) => [
      name,
      accepted.includes(name) ? 'accepted' : 'refused',
    ]);
    expect(Object.fromEntries(outcomes)).toEqual(Object.fromEntries(expected));
  });
});
