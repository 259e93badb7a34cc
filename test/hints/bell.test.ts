import fc from 'fast-check';
import { messagesIn, parseBell } from '../../src/hints/bell';

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
  ])('is deaf to what no instance says: %j', (message) => {
    expect(parseBell(message)).toBeNull();
  });

  it('is deaf to noise, and never throws', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('', 'claim ', 'taken aa ', 'demand aa 1 '), (noise, start) => {
        parseBell(start + noise);
      }),
    );
  });

  it('says several things in one message', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (messages) => {
        expect(messagesIn(`many ${JSON.stringify(messages)}`)).toEqual(messages);
      }),
    );
    expect(messagesIn('quit aa')).toEqual(['quit aa']);
    for (const foreign of ['many ', 'many x', 'many {}', 'many [1]']) expect(messagesIn(foreign)).toEqual([]);
  });
});
