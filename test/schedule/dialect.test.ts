import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nextSlots } from '../../src';
import { isEitherDay } from '../../src/schedule/pattern';
import { runScript } from '../support/child';
import { makeFleet } from '../support/fleet';
import { testUrl } from '../support/redis';

const fleet = makeFleet();
const page = readFileSync(join(__dirname, '..', '..', 'docs', 'jobs.md'), 'utf8');
const [, start = ''] = /The next times of some patterns, after (\S+) in UTC/.exec(page) ?? [];
const [, table = ''] = /\| pattern \| next times \|\n\| --- \| --- \|\n((?:\|.*\|\n)+)/.exec(page) ?? [];
const rows = table
  .trim()
  .split('\n')
  .map((row) => /^\| `(.+?)` \| (.+) \|$/.exec(row)?.slice(1) ?? []);

it.each(rows)('the next times of %p in docs/jobs.md are those of the code', (pattern = '', times = '') => {
  const expected = times.split(', ').map((time) => Date.parse(time));
  const after = new Date(start);
  expect(nextSlots({ cron: pattern, tz: 'UTC' }, { count: expected.length, after })).toEqual(expected);
});

it('the table of next times exists', () => expect(rows.length).toBeGreaterThanOrEqual(8));

it.each([
  ['0 0 13 * 5', true],
  ['0 0 */2 * 1', true],
  ['0 0 0 1-7 * MON', true],
  ['0 0 13 * +5', false],
  ['0 0 13 * *', false],
  ['0 0 ? * 5', false],
  ['0 0 * * ?', false],
  ['@weekly', false],
])('%s restricts both day fields, of which either may match: %p', (pattern, either) => {
  expect(isEitherDay(pattern)).toBe(either);
});

it('a pattern that restricts both day fields causes one warning, with the job and what to write', async () => {
  const { warnings, code } = await runScript(
    `const fred = new Bossman({ connection, prefix: '${fleet.prefix}' });
    fred.on('error', () => {});
    const work = () => {};
    for (const name of ['first', 'second']) fred.hire(name, { cron: '0 0 13 * 5', work });
    fred.hire('third', { cron: '0 0 13 * +5', work }).then(() => fred.quit());`,
    testUrl(),
  );
  expect(code).toBe(0);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(
    /cron: '0 0 13 \* 5' of job 'first' runs when .* write \+ in front of the day of week/,
  );
});
