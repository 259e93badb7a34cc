import { nearest } from '../../src/cli/nearest';
import { type Column, table } from '../../src/cli/table';
import { cut, widthOf } from '../../src/cli/text';
import { fromNow, localTime, span } from '../../src/cli/time';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

test.each([
  [0, '0 ms'],
  [0.44, '0.4 ms'],
  [3.14, '3.1 ms'],
  [312.4, '312 ms'],
  [1240, '1.2 s'],
  [45_400, '45 s'],
  [90 * SECOND, '90 s'],
  [4 * MINUTE, '4 min'],
  [14 * HOUR, '14 h'],
  [72 * HOUR, '3 d'],
])('%d ms are shown as %s', (ms, shown) => expect(span(ms)).toBe(shown));

test.each([
  [0, 'now'],
  [900, 'now'],
  [-900, 'now'],
  [4 * MINUTE - 10, 'in 4 min'],
  [-12_300, '12 s ago'],
  [-3 * 24 * HOUR, '3 d ago'],
])('an instant %d ms away is shown as %s', (ahead, shown) => {
  expect(fromNow(1e12 + ahead, 1e12)).toBe(shown);
});

test('absolute times are those of this machine', () => {
  const at = new Date(2026, 10, 24, 9, 5, 3);
  expect(localTime(at.getTime())).toBe('2026-11-24 09:05:03');
});

test.each([
  ['engineer', 'engineers'],
  ['ENGINEERS', 'engineers'],
  ['invioces', 'invoices'],
  ['in', null],
  ['something else', null],
])('among engineers and invoices, the name nearest to %s is %s', (said, meant) => {
  expect(nearest(said, ['engineers', 'invoices'])).toBe(meant);
});

test('a text is cut to columns, not to letters', () => {
  expect(cut('engineers', 9)).toBe('engineers');
  expect(cut('engineers', 5)).toBe('engi…');
  expect(cut('日本語', 5)).toBe('日本…');
  expect(widthOf(cut('👩‍👧👩‍👧👩‍👧', 4))).toBeLessThanOrEqual(4);
});

describe('a table', () => {
  const columns: Column[] = [
    { title: 'NAME', shrinksTo: 4 },
    { title: 'N', right: true },
    { title: 'NOTE', shrinksTo: 6 },
  ];
  const rows = [
    ['日本語', '7', 'a note that is long'],
    ['plain', ['1,234', (text: string) => `<${text}>`] as const, ''],
  ];
  const plain = (text: string) => text;

  test('has aligned columns, whatever its cells contain', () => {
    expect(table(columns, rows, Number.POSITIVE_INFINITY, plain)).toEqual([
      'NAME        N  NOTE',
      '日本語      7  a note that is long',
      'plain   <1,234>',
    ]);
  });

  test('shrinks its widest columns first, down to their minimum', () => {
    expect(table(columns, rows, 24, plain)[1]).toBe('日本語      7  a note t…');
    expect(table(columns, rows, 1, plain)[1]).toBe('日…       7  a not…');
  });
});
