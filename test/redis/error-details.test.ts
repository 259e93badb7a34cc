import { runInNewContext } from 'node:vm';
import type { RunRecord } from '../../src/info';
import { detailsText } from '../../src/redis/error-details';
import { errorText, parseRecord, recordText, whoText } from '../../src/redis/records';

const EVENT = { job: 'a', slot: 1, demandedAt: null, recovered: false, startedAt: 1, lateness: 0 };
const LARGEST = 8192;

/** The record of a run that threw this, as the history gives it. */
function recorded(cause: unknown, errors = true): RunRecord {
  const ended = { duration: 1, cause };
  const details = errorText(ended, { history: 100, errors });
  expect(Buffer.byteLength(details)).toBeLessThanOrEqual(LARGEST);
  const record = parseRecord(recordText(EVENT, ended, whoText('id', 'host', 1)), details);
  if (!record) throw new Error('it is no record');
  return record;
}

const NOTHING = { stack: null, cause: null, errors: [], omitted: 0 };

function withCauses(count: number, message: string): Error {
  let error = new Error(message);
  for (let at = 1; at < count; at += 1) error = new Error(message, { cause: error });
  return error;
}

describe('the details of an error', () => {
  it('have its name, message, stack and causes', () => {
    const reset = new RangeError('reset');
    const both = new AggregateError([new Error('one', { cause: 'a text' }), null], 'both', { cause: reset });
    const { error, details } = recorded(new TypeError('outer', { cause: both }));
    expect(error).toBe('outer');
    expect(details).toMatchObject({
      name: 'TypeError',
      message: 'outer',
      stack: expect.stringMatching(/^ +at .*error-details\.test/),
      errors: [],
      omitted: 0,
      cause: {
        name: 'AggregateError',
        message: 'both',
        cause: { name: 'RangeError', message: 'reset', cause: null },
        errors: [
          { name: 'Error', message: 'one', cause: { ...NOTHING, name: 'string', message: 'a text' } },
          { ...NOTHING, name: 'object', message: 'null' },
        ],
      },
    });
  });

  it('have 2,000 characters of the message; the record, which is also kept as the last run, has 200', () => {
    const thrown = new Error('x'.repeat(3000), { cause: new Error('y'.repeat(3000)) });
    const { error, details } = recorded(thrown);
    expect(error).toBe('x'.repeat(2000));
    expect(details?.message).toBe('x'.repeat(2000));
    expect(details?.cause?.message).toBe('y'.repeat(2000));
    const text = recordText(EVENT, { duration: 1, cause: thrown }, whoText('id', 'host', 1));
    expect(text.length).toBeLessThan(500);
    expect(parseRecord(text)?.error).toBe('x'.repeat(200));
  });

  it.each([
    ['a long message', new Error('x'.repeat(1e6))],
    ['a message that JSON escapes', new Error('\0'.repeat(5000))],
    ['a message of wide letters', new Error('語😀'.repeat(5000))],
    ['a thousand causes', withCauses(1000, 'no luck '.repeat(30))],
    ['a thousand errors', new AggregateError(Array.from({ length: 1000 }, () => new Error('one of many')))],
    [
      'an endless stack',
      Object.assign(new Error('deep'), { stack: `deep\n${'    at f (file.js)\n'.repeat(1e5)}` }),
    ],
    ['a stack in one line', Object.assign(new Error('deep'), { stack: 'x'.repeat(1e6) })],
    ['a long name', Object.assign(new Error('deep'), { name: 'N'.repeat(1e6) })],
  ])('are at most 8 kB of %s', (_, thrown) => {
    const { details } = recorded(thrown);
    expect(details?.message).toBe(thrown.message.slice(0, details?.message.length));
    expect(details?.message.length).toBeGreaterThanOrEqual(Math.min(thrown.message.length, 1000));
    expect(details?.message).not.toMatch(/\p{Surrogate}/u);
    expect(Buffer.byteLength(detailsText(thrown, true, 200))).toBeLessThanOrEqual(LARGEST);
  });

  it('have the number of errors that were left out', () => {
    const { details } = recorded(
      new AggregateError(
        Array.from({ length: 1000 }, () => 'one'),
        'all',
      ),
    );
    expect(details?.errors.length).toBeGreaterThan(10);
    expect((details?.errors.length ?? 0) + (details?.omitted ?? 0)).toBe(1000);
  });

  it('end at circular causes', () => {
    const [one, two] = [new Error('one'), new Error('two')];
    one.cause = two;
    two.cause = one;
    expect(recorded(one).details).toMatchObject({
      cause: { message: 'two', cause: null, omitted: 1 },
      omitted: 0,
    });
    const itself = new AggregateError([], 'itself');
    itself.errors.push(itself);
    itself.cause = itself;
    expect(recorded(itself).details).toMatchObject({ cause: null, errors: [], omitted: 2 });
  });

  const throws = () => {
    throw new Error('from a getter');
  };
  const getters = Object.fromEntries(
    // The stack first, as V8 reads the others to define it.
    ['stack', 'name', 'message', 'cause', 'errors'].map((key) => [key, { get: throws }]),
  );
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  revoke();
  const everyTrap = new Proxy({}, new Proxy({}, { get: () => throws }));

  it.each([
    ['a text', 'oops', { ...NOTHING, name: 'string', message: 'oops' }],
    ['undefined', undefined, { ...NOTHING, name: 'undefined', message: 'undefined' }],
    ['a symbol', Symbol('s'), { ...NOTHING, name: 'symbol', message: 'Symbol(s)' }],
    ['a bare object', Object.create(null), { name: 'object', message: 'something that cannot be shown' }],
    ['getters that throw', Object.defineProperties(new Error(), getters), { name: 'Error', stack: null }],
    ['a revoked Proxy', revoked, { name: 'object', message: 'something that cannot be shown' }],
    ['a Proxy whose traps throw', everyTrap, { name: 'object', message: 'something that cannot be shown' }],
    [
      'fields of other types',
      Object.assign(new Error('m'), { name: 5, stack: {}, cause: 7, errors: 'none' }),
      { name: 'Error', message: 'm', stack: null, cause: { name: 'number', message: '7' }, errors: [] },
    ],
    [
      'an error of another realm',
      runInNewContext('new RangeError("far", { cause: new TypeError("farther") })'),
      { name: 'RangeError', message: 'far', cause: { name: 'TypeError', message: 'farther' } },
    ],
  ])('are read from %s', (_, thrown, expected) => {
    expect(recorded(thrown).details).toMatchObject(expected);
  });

  it('are only the message with `errors: false`, and nothing if the record has all of it', () => {
    const thrown = new Error('x'.repeat(3000), { cause: new Error('secret') });
    expect(recorded(thrown, false)).toMatchObject({ error: 'x'.repeat(2000), details: null });
    expect(errorText({ duration: 1, cause: thrown }, { history: 100, errors: false })).not.toMatch(
      /secret|stack/,
    );
    expect(errorText({ duration: 1, cause: new Error('short') }, { history: 100, errors: false })).toBe('');
  });

  it('are not collected if nothing failed, or no history is kept', () => {
    expect(errorText({ duration: 1, vetoed: false }, { history: 100, errors: true })).toBe('');
    expect(errorText({ duration: 1, cause: new Error('no luck') }, { history: 0, errors: true })).toBe('');
  });

  it.each([
    ['no JSON', '{'],
    ['no object', '5'],
    ['no message', '{"name":"Error"}'],
    ['too long a text', JSON.stringify({ name: 'Error', message: 'x'.repeat(1e6) })],
    ['thousands of causes', `${'{"name":"E","message":"m","cause":'.repeat(1e5)}1${'}'.repeat(1e5)}`],
  ])('that are not in our format are ignored: %s', (_, text) => {
    const run = recordText(EVENT, { duration: 1, cause: new Error('ours') }, whoText('id', 'host', 1));
    expect(parseRecord(run, text)).toMatchObject({ error: 'ours', details: null });
  });
});
