import fc from 'fast-check';
import ms from 'ms';
import { MAX_INTERVAL_MS, parseInterval } from '../../src/schedule/interval';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const UNITS: [unitMs: number, spellings: string][] = [
  [1, 'ms milli millis millisecond milliseconds msec msecs'],
  [SECOND, 's sec secs second seconds'],
  [MINUTE, 'm min mins minute minutes'],
  [HOUR, 'h hr hrs hour hours'],
  [DAY, 'd day days'],
  [7 * DAY, 'w wk wks week weeks'],
  [30 * DAY, 'mo mon mth mths month months'],
  [365 * DAY, 'y yr yrs year years'],
];

const WORDS = (
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen ' +
  'eighteen nineteen'
).split(' ');
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');

function words(value: number, hyphen: string): string {
  if (value < 20) return `${WORDS[value]}`;
  const tens = `${TENS[Math.floor(value / 10) - 2]}`;
  return value % 10 === 0 ? tens : `${tens}${hyphen}${WORDS[value % 10]}`;
}

describe('a valid interval', () => {
  test.each<[string | number, number]>([
    [200, 200],
    [1.5, 2],
    [0.5, 1],
    [MAX_INTERVAL_MS, MAX_INTERVAL_MS],
    ['200', 200],
    ['100', 100],
    ['+100', 100],
    ['53 milliseconds', 53],
    ['.5h', HOUR / 2],
    ['1.5h', 1.5 * HOUR],
    ['1.1h', 1.1 * HOUR],
    ['+5m', 5 * MINUTE],
    ['10m', 10 * MINUTE],
    ['10M', 10 * MINUTE],
    ['2 days', 2 * DAY],
    ['1 week', 7 * DAY],
    ['1 month', 30 * DAY],
    ['1y', 365 * DAY],
    ['10000 years', MAX_INTERVAL_MS],
    ['1h 30m', 1.5 * HOUR],
    ['1h30m', 1.5 * HOUR],
    ['1h +30m', 1.5 * HOUR],
    ['30m 1h', 1.5 * HOUR],
    ['1 minute and 30 seconds', 90 * SECOND],
    ['3 days, 4 hours', 3 * DAY + 4 * HOUR],
    ['3 days, and 4 hours', 3 * DAY + 4 * HOUR],
    ['two hours', 2 * HOUR],
    ['twenty-one minutes', 21 * MINUTE],
    ['twenty one minutes', 21 * MINUTE],
    ['twenty minutes', 20 * MINUTE],
    ['one hour and zero minutes', HOUR],
    ['minute', MINUTE],
    ['hour', HOUR],
    ['Day', DAY],
    ['a minute', MINUTE],
    ['an hour', HOUR],
    ['an hour, a minute and a second', HOUR + MINUTE + SECOND],
    ['2 hours and minute', 2 * HOUR + MINUTE],
    ['  10\tMinutes\n', 10 * MINUTE],
  ])('%p is %p ms', (every, expected) => {
    expect(parseInterval(every)).toBe(Math.round(expected));
  });

  const msUnits = (
    'milliseconds millisecond msecs msec ms seconds second secs sec s minutes minute mins min m hours hour hrs hr h ' +
    'days day d weeks week w'
  ).split(' ');

  test('is anything that the package ms accepts, except for its years', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('1', '10', '007', '1.5', '.25', '0.5', '99999'),
        fc.constantFrom('', ' ', '   '),
        fc.constantFrom('', ...msUnits),
        fc.boolean(),
        (amount, space, unit, upper) => {
          const phrase = unit && `${space}${upper ? unit.toUpperCase() : unit}`;
          const expected = Math.round(ms(`${amount}${phrase}` as ms.StringValue));
          fc.pre(expected > 0);
          expect(parseInterval(`${amount}${phrase}`)).toBe(expected);
        },
      ),
    );
  });

  test.each(UNITS)('of %p ms may be spelled %s', (unitMs, spellings) => {
    for (const spelling of spellings.split(' ')) expect(parseInterval(`2 ${spelling}`)).toBe(2 * unitMs);
  });

  test('has its amount in words up to ninety-nine', () => {
    for (let value = 1; value < 100; value++) {
      expect(parseInterval(`${words(value, '-')} ms`)).toBe(value);
      expect(parseInterval(`${words(value, ' ')} ms`)).toBe(value);
    }
  });
});

const amount = fc.oneof(
  fc.nat(5000).map((value) => ({ value, text: `${value}` })),
  // Quarters have no rounding error, so the sum is exact.
  fc.nat(5000).map((quarters) => ({ value: quarters / 4, text: `+${quarters / 4}` })),
  fc
    .tuple(fc.nat(99), fc.constantFrom('-', ' '))
    .map(([value, hyphen]) => ({ value, text: words(value, hyphen) })),
);

const term = fc
  .record({ amount, unit: fc.constantFrom(...UNITS), pick: fc.nat(), space: fc.constantFrom('', ' ', '  ') })
  .map(({ amount: { value, text }, unit: [unitMs, spellings], pick, space }) => {
    const choice = spellings.split(' ');
    const gap = /\d$/.test(text) ? space : ' ';
    return { unitMs, totalMs: value * unitMs, text: `${text}${gap}${choice[pick % choice.length]}` };
  });

const phrase = fc
  .record({
    terms: fc.uniqueArray(term, { minLength: 1, maxLength: 5, selector: ({ unitMs }) => unitMs }),
    separators: fc.array(fc.constantFrom('', ' ', ',', ', ', ' and ', ', and ', ' , '), {
      minLength: 5,
      maxLength: 5,
    }),
    upper: fc.boolean(),
  })
  .map(({ terms, separators, upper }) => {
    const spaced = terms.map(({ text }, index) => {
      if (index === 0) return text;
      const separator = separators[index] ?? ' ';
      // Words need something between them: '1h' and 'two minutes' are not '1htwo minutes'.
      return `${separator === '' && /^[a-z]/.test(text) ? ' ' : separator}${text}`;
    });
    const text = spaced.join('');
    return {
      text: upper ? text.toUpperCase() : text,
      totalMs: terms.reduce((sum, { totalMs }) => sum + totalMs, 0),
    };
  })
  .filter(({ totalMs }) => totalMs >= 1 && totalMs <= MAX_INTERVAL_MS);

describe('a phrase', () => {
  test('is the sum of its terms, however they are written and joined', () => {
    fc.assert(
      fc.property(phrase, ({ text, totalMs }) => {
        expect(parseInterval(text)).toBe(Math.round(totalMs));
      }),
      { numRuns: 2000 },
    );
  });

  test('is refused as a whole when one word in it is unknown', () => {
    fc.assert(
      fc.property(
        phrase,
        fc.constantFrom('foo', 'fortnight', 'half', 'constructor', 'e'),
        fc.nat(),
        (given, word, at) => {
          const parts = given.text.split(' ');
          parts.splice(at % (parts.length + 1), 0, word);
          expect(() => parseInterval(parts.join(' '))).toThrow(RangeError);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('is refused as a whole when it has an invalid character anywhere', () => {
    fc.assert(
      fc.property(
        phrase,
        fc.constantFrom('-', '_', ':', ';', '/', '!', '€', '٣', '\0'),
        fc.nat(),
        (given, sign, at) => {
          const { text } = given;
          const position = at % (text.length + 1);
          expect(() => parseInterval(text.slice(0, position) + sign + text.slice(position))).toThrow(
            RangeError,
          );
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('an invalid interval', () => {
  test.each([
    ['foo'],
    [''],
    [' '],
    ['0'],
    ['0.4'],
    ['0 seconds'],
    ['zero'],
    ['zero hours'],
    ['0h 0m'],
    ['1 fortnight'],
    ['5 minutes foo'],
    ['and'],
    [','],
    ['1h and'],
    ['1h,'],
    ['and 1h'],
    [', 1h'],
    ['1h,, 1m'],
    ['1h and and 1m'],
    ['1h and, 1m'],
    ['1 and'],
    ['1 h 30'],
    ['two'],
    ['a'],
    ['a 5 minutes'],
    ['two three minutes'],
    ['twenty zero minutes'],
    ['twenty eleven minutes'],
    ['twentyone minutes'],
    ['one hundred minutes'],
    ['-5m'],
    ['-1'],
    ['1h -30m'],
    ['+ 5m'],
    ['5 5 minutes'],
    ['m'],
    ['minutes'],
    ['minute minute'],
    ['1h 1h'],
    ['1 minute 5 mins'],
    ['1.'],
    ['1.5.5h'],
    ['1,000 ms'],
    ['1e3'],
    ['0x10'],
    ['1_000'],
    ['NaN'],
    ['Infinity'],
    ['٣ hours'],
    ['1 wee\u212a'],
    ['10001 years'],
    [0],
    [-1],
    [0.49],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [Number.NEGATIVE_INFINITY],
    [MAX_INTERVAL_MS + 1],
  ])('such as %p is refused', (every) => {
    expect(() => parseInterval(every)).toThrow(RangeError);
  });

  test.each([[undefined], [null], [true], [10n], [[5]], [{}], [new Date(5)], [Symbol('5m')]])(
    'such as %p is refused by its type',
    (every) => {
      expect(() => parseInterval(every as unknown as string)).toThrow(TypeError);
    },
  );

  test('is reported with the argument, the value and a valid form', () => {
    expect(() => parseInterval('1 fortnight')).toThrow(
      "every: '1 fortnight' is not an interval; try '10 minutes', '1h 30m' or a number of milliseconds",
    );
    expect(() => parseInterval('0 seconds')).toThrow("every: '0 seconds' is less than a millisecond; try ");
    expect(() => parseInterval(-5)).toThrow('every: -5 is less than a millisecond; try ');
    expect(() => parseInterval('10001y')).toThrow("every: '10001y' is longer than 10,000 years; try ");
    expect(() => parseInterval(null as unknown as string)).toThrow(
      'every: null is neither a string nor a number; try ',
    );
  });

  test('is a number with too many digits, or a text with too many characters', () => {
    expect(() => parseInterval('9'.repeat(400))).toThrow(RangeError);
    expect(() => parseInterval(`1${' '.repeat(1000)}h`)).toThrow(RangeError);
  });

  test('is reported in a short line, however long it is', () => {
    const long = 'x'.repeat(1_000_000);
    expect(() => parseInterval(long)).toThrow(
      /^every: 'x{100}'\.\.\. 999900 more characters is not an interval/,
    );
  });
});

test('any text is either whole milliseconds within the limit or a RangeError', () => {
  const alphabet = fc.constantFrom(
    '1',
    '0',
    '.',
    '+',
    '-',
    ' ',
    ',',
    'h',
    'm',
    's',
    'and',
    'two',
    'twenty',
    'year',
    'é',
  );
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: alphabet, maxLength: 12 }), fc.string()), (every) => {
      try {
        const interval = parseInterval(every);
        expect(Number.isInteger(interval) && interval >= 1 && interval <= MAX_INTERVAL_MS).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }),
    { numRuns: 2000 },
  );
});

test('hostile text of any length is refused at once', () => {
  const started = performance.now();
  for (const length of [1000, 1_000_000]) {
    for (const piece of ['1', ' ', 'a', 'a-', '1.', '1 ', '1h ', 'and ', ',', '+', 'twenty ']) {
      expect(() => parseInterval(`${piece.repeat(length / piece.length)}!`)).toThrow(RangeError);
      expect(() => parseInterval(`${piece.repeat(length / piece.length).slice(0, 999)}!`)).toThrow(
        RangeError,
      );
    }
  }
  // What is not linear takes hours.
  expect(performance.now() - started).toBeLessThan(20_000);
});
