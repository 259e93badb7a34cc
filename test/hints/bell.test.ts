import fc from 'fast-check';
import { messagesIn, parseBell } from '../../src/hints/bell';

/** What JavaScript would take for a number here and there, and no instance sends. */
const NO_NUMBERS = ['', 'NaN', 'Infinity', '-Infinity', 'soon', '1e14', '0x10', '1.5', '+1', '-'];

describe('the bell', () => {
  it.each([
    ['armed aa 12 my job', { kind: 'armed', caller: 'aa', name: 'my job' }],
    ['hired aa ["my job","a:b"]', { kind: 'hired', caller: 'aa', names: ['my job', 'a:b'] }],
    [
      'claim aa 1 2 3 4 run 1 16 a:b c',
      {
        kind: 'claim',
        caller: 'aa',
        at: 1,
        stamp: 2,
        slot: 3,
        next: 4,
        verdict: 'run',
        open: true,
        listeners: 16,
        name: 'a:b c',
      },
    ],
    [
      'demand aa 7 1 0 3 x',
      { kind: 'demand', caller: 'aa', at: 7, triggerSet: true, lockRest: 0, listeners: 3, name: 'x' },
    ],
    [
      'taken aa 9 0 2000 x',
      { kind: 'taken', caller: 'aa', at: 9, triggerDeleted: false, lockRest: 2000, name: 'x' },
    ],
    [
      'taken aa 9 0 -1 x',
      { kind: 'taken', caller: 'aa', at: 9, triggerDeleted: false, lockRest: -1, name: 'x' },
    ],
    ['begun aa 5 1 x', { kind: 'begun', caller: 'aa', at: 5, waiting: true, name: 'x' }],
    ['paused aa 7 my job', { kind: 'paused', caller: 'aa', forgotten: false, name: 'my job' }],
    ['paused aa 0 x', { kind: 'paused', caller: 'aa', forgotten: true, name: 'x' }],
    ['roll aa x', { kind: 'roll', caller: 'aa', name: 'x' }],
    ['here aa \n', { kind: 'here', caller: 'aa', name: '\n' }],
    [`who aa ${'0f'.repeat(16)}`, { kind: 'who', caller: 'aa', roll: '0f'.repeat(16) }],
    ['quit aa', { kind: 'quit', caller: 'aa' }],
  ])('is read: %j', (message, bell) => {
    expect(parseBell(message)).toEqual(bell);
  });

  it.each([
    '',
    'claim',
    'claim aa 1 2 x',
    'hired aa x',
    'hired aa [1]',
    'demand aa 1 1 soon 3 x',
    'taken aa 9 0 2000 ',
    'who aa x',
    `who aa ${'0f'.repeat(16)}:`,
    'toString aa x',
    '__proto__ aa x',
  ])('ignores what no instance sends: %j', (message) => {
    expect(parseBell(message)).toBeNull();
  });

  describe('with a hostile value', () => {
    const TIMES = ['-1', '1000000000000000', '9007199254740991', '99999999999999999999', ...NO_NUMBERS];
    const bells: { of: string; words: string[]; times: number[]; rests: number[]; counts: number[] }[] = [
      {
        of: 'claim',
        words: ['1', '2', '3', '4', 'run', '0', '8'],
        times: [0, 1, 2, 3],
        rests: [],
        counts: [6],
      },
      { of: 'demand', words: ['1', '1', '0', '8'], times: [0], rests: [2], counts: [3] },
      { of: 'taken', words: ['1', '0', '2000'], times: [0], rests: [2], counts: [] },
      { of: 'begun', words: ['1', '0'], times: [0], rests: [], counts: [] },
      { of: 'recovered', words: ['1'], times: [0], rests: [], counts: [] },
      { of: 'paused', words: ['1'], times: [0], rests: [], counts: [] },
    ];
    const fields = (part: 'times' | 'rests' | 'counts') =>
      bells.flatMap(({ of, words, [part]: places }) => places.map((place) => ({ of, words, place })));
    const ring = ({ of, words, place }: { of: string; words: string[]; place: number }, value: string) =>
      parseBell([of, 'aa', ...words.with(place, value), 'x'].join(' '));

    it.each(fields('times'))('as a time is not heard: $of, word $place', (field) => {
      expect(ring(field, '5')).not.toBeNull();
      for (const value of TIMES) expect([value, ring(field, value)]).toEqual([value, null]);
    });

    it.each(fields('rests'))('as the rest of a lock is not heard, or bounded: $of, word $place', (field) => {
      for (const value of ['-2', '-1000000', '99999999999999999999', ...NO_NUMBERS])
        expect([value, ring(field, value)]).toEqual([value, null]);
      for (const value of ['2147483648', '100000000000000'])
        expect(ring(field, value)).toMatchObject({ lockRest: 2 ** 31 - 1 });
      expect(ring(field, '-1')).toMatchObject({ lockRest: -1 });
    });

    it.each(fields('counts'))('as a count of listeners counts as unknown: $of, word $place', (field) => {
      expect(ring(field, '8')).toMatchObject({ listeners: 8 });
      for (const value of [
        '0',
        '-1',
        '100000000000000',
        '140000000000000',
        '9007199254740991',
        ...NO_NUMBERS,
      ])
        expect([value, ring(field, value)]).toEqual([value, expect.objectContaining({ listeners: 0 })]);
    });

    it('as the verdict of a claim is ignored', () => {
      for (const value of ['held', 'gone', '', '1', '__proto__'])
        expect(parseBell(`claim aa 1 2 3 4 ${value} 0 8 x`)).toBeNull();
    });
  });

  it('ignores noise, and never throws', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('', 'claim ', 'taken aa ', 'demand aa 1 '), (noise, start) => {
        parseBell(start + noise);
      }),
    );
  });

  it('carries several messages in one', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (messages) => {
        expect(messagesIn(`many ${JSON.stringify(messages)}`)).toEqual(messages);
      }),
    );
    expect(messagesIn('quit aa')).toEqual(['quit aa']);
    for (const foreign of ['many ', 'many x', 'many {}', 'many [1]']) expect(messagesIn(foreign)).toEqual([]);
  });
});
