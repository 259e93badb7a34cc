import { atLeast, atMost, judge, Rows } from '../bench/goals';
import { readOptions } from '../bench/options';
import { plotOf } from '../bench/plot';
import { figure, goalsTable, resultTable } from '../bench/report';
import { best, median, percentile, type Row, summarize, summaryRow } from '../bench/stats';

const HUNDRED = Array.from({ length: 100 }, (_, index) => 100 - index);

function row(peer: string, values: number[], better: Row['better'] = 'lower'): Row {
  return { case: 'a case', quantity: 'lateness', unit: 'ms', peer, values, better };
}

describe('the statistics of the benchmark', () => {
  it('take a percentile from what was measured', () => {
    expect([0.5, 0.9, 0.99, 1].map((part) => percentile(HUNDRED, part))).toEqual([50, 90, 99, 100]);
    expect(percentile([7], 0.99)).toBe(7);
    expect(percentile([], 0.5)).toBeNaN();
  });

  it('take the mean of the middle two as the median', () => {
    expect(median([4, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it('judge the tail by its worse side', () => {
    expect(summarize({ values: HUNDRED, better: 'lower' })).toMatchObject({ p90: 90, p99: 99, count: 100 });
    expect(summarize({ values: HUNDRED, better: 'higher' })).toMatchObject({ p90: 11, p99: 2, count: 100 });
  });

  it.each([
    ['lower', 2],
    ['higher', 5],
  ] as const)('compare with the best peer where %s is better', (better, expected) => {
    const rows = [row('bossman', [1], better), row('bullmq', [2], better), row('agenda', [5], better)].map(
      summaryRow,
    );
    expect(rows[0] && best(rows, rows[0], ['bullmq', 'agenda'])).toBe(expected);
    expect(rows[0] && best(rows, rows[0], ['original'])).toBeNull();
  });
});

describe('a goal of the benchmark', () => {
  it('is met at its limit and missed beyond it', () => {
    expect(judge(atMost('a ratio', 0.4, 0.4)).met).toBe(true);
    expect(judge(atMost('a ratio', 0.41, 0.4)).met).toBe(false);
    expect(judge(atLeast('a rate', 2, 2)).met).toBe(true);
    expect(judge(atLeast('a rate', 1.9, 2)).met).toBe(false);
  });

  it('is not judged when its peer was not measured', () => {
    const rows = new Rows([row('bossman', [1, 2, 3])]);
    const ratio = rows.p50('bossman', 'lateness', 'a case') / rows.p50('bullmq', 'lateness', 'a case');
    expect(judge(atMost('to BullMQ', ratio, 1)).met).toBeNull();
  });
});

describe('the report of the benchmark', () => {
  it('has the ratio to the best peer in every row', () => {
    const rows = [row('bossman', [1, 2, 3]), row('bullmq', [4]), row('floor', [1])].map(summaryRow);
    const [, , ours, theirs, floor] = resultTable({ rows }).split('\n');
    expect(ours).toBe('| a case | lateness, ms | bossman | 2 | 3 | 3 | 3 | 0.5 |');
    expect(theirs).toMatch(/\| 4 \| {2}\| {2}\| 1 \| 1 \|$/);
    expect(floor).toMatch(/\| 0.25 \|$/);
  });

  it('lists the goals that were missed', () => {
    const verdicts = [atMost('one', 1, 2), atMost('two', 3, 2), atMost('three', Number.NaN, 2)].map(judge);
    const lines = goalsTable(verdicts).split('\n').slice(2);
    expect(lines.map((line) => line.split(' | ').at(-1))).toEqual([
      'met |',
      '**missed** |',
      'not measured |',
    ]);
  });

  it.each([
    [0, '0'],
    [0.01234, '0.012'],
    [1.2345, '1.23'],
    [1234.5, '1,235'],
    [Number.NaN, '–'],
  ])('shows the significant digits of %d: %s', (value, shown) => {
    expect(figure(value)).toBe(shown);
  });

  it('plots a bar for each peer', () => {
    const rows = [row('bossman', [1, 2]), row('bullmq', [400, 500])].map(summaryRow);
    const plot = plotOf({ title: 'a < b', logarithmic: true }, { rows });
    expect(plot.match(/<line /g)).toHaveLength(2);
    expect(plot).toContain('a &lt; b');
    expect(plot).not.toMatch(/NaN|Infinity/);
  });
});

describe('the options of the benchmark', () => {
  const measures = ['demand', 'ticks'];

  it('choose measures and peers, all by default', () => {
    expect(readOptions(['--quick', '--only', 'ticks', '--peers', 'bossman,bullmq'], measures)).toEqual({
      quick: true,
      only: ['ticks'],
      peers: ['bossman', 'bullmq'],
    });
    expect(readOptions([], measures)).toMatchObject({ quick: false, only: measures });
  });

  it('name unknown ones', () => {
    expect(() => readOptions(['--only', 'tocks'], measures)).toThrow("'tocks' is none of demand, ticks");
  });
});
