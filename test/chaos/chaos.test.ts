import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runNode } from '../support/child';
import type { History } from './history';
import { Made } from './made';
import { readArguments } from './options';
import { planStorm } from './plan';

describe('the faults of a storm', () => {
  it('are the same for the same seed', () => {
    expect(planStorm(7, 60, 4)).toEqual(planStorm(7, 60, 4));
    expect(planStorm(7, 60, 4).length).toBeGreaterThan(100);
  });

  it('differ for another seed', () => {
    expect(planStorm(8, 60, 4)).not.toEqual(planStorm(7, 60, 4));
  });

  it('empty Redis with an even seed, and keep its data with an odd one', () => {
    const emptying = (seed: number) =>
      planStorm(seed, 60, 4).filter(({ kind }) => /FLUSHALL|empty/.test(kind));
    expect(emptying(8)).not.toEqual([]);
    expect(emptying(7)).toEqual([]);
  });

  it('come in order of time, within the storm, and only to existing members', () => {
    const faults = planStorm(7, 60, 4);
    const times = faults.map(({ at }) => at);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(Math.max(...times)).toBeLessThan(60_000);
    expect(new Set(faults.map(({ seat }) => seat))).toEqual(new Set([0, 1, 2, 3]));
  });
});

describe('the arguments of npm run chaos', () => {
  it('are read', () => {
    expect(readArguments('--seed 7 --seconds 5 --members 3 --storms 2 --table t.md'.split(' '))).toEqual({
      seed: 7,
      seconds: 5,
      members: 3,
      storms: 2,
      table: 't.md',
    });
    expect(readArguments([])).toEqual({ seed: null, seconds: 20, members: 4, storms: null, table: null });
  });

  it.each([
    '--seed x',
    '--seed -1',
    '--seconds 0',
    '--members 0',
    '--storms 1.5',
    '--table t.md',
    '--sead 7',
    'seven',
  ])('%s is refused', (args) => {
    expect(() => readArguments(args.split(' '))).toThrow();
  });
});

describe('npm run chaos exits', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'bossman-chaos-test-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  /** Runs it on this history instead of a storm's. It writes its files to `dir`. */
  const judge = (history: History, ...args: string[]) => {
    const storm = `const path = require.resolve('../chaos/storm');
      require(path);
      require.cache[path].exports = { raiseStorm: async () => (${JSON.stringify(history)}) };
      require('../chaos/chaos');`;
    return runNode(['-e', storm, '--', 'chaos', ...args], () => {}, { TMPDIR: dir });
  };

  it('with 2, and prints its usage, for invalid arguments', async () => {
    const { code, stderr } = await runNode(['../chaos/chaos.ts', '--seed', 'x']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^--seed x: not a whole number of at least 0\n\nUsage: npm run chaos/);
  });

  it('with 0 when all guarantees hold', async () => {
    const { code, lines, stderr } = await judge(new Made().ticks('a', 100_000, 129_000).history);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(lines).toContain('All guarantees hold.');
  });

  it.each(['prints', 'writes'])('with 0 when several storms hold, and %s a table of them', async (does) => {
    const file = join(dir, 'table.md');
    const { code, lines } = await judge(
      new Made().ticks('a', 100_000, 129_000).history,
      ...['--storms', '2', '--seed', '5'],
      ...(does === 'writes' ? ['--table', file] : []),
    );
    expect(code).toBe(0);
    const table = /^# 2 storms of 20 s\n.*--storms 2 --seed 5 .*2 of 2 hold/ms;
    if (does === 'prints') expect(lines.join('\n')).toMatch(table);
    else expect(lines).toEqual(['seed 5: holds', 'seed 6: holds']);
    expect(existsSync(file) ? readFileSync(file, 'utf8') : '').toMatch(does === 'writes' ? table : /^$/);
  });

  it('with 1 when one is broken, and keeps the history', async () => {
    const broken = new Made().ticks('a', 100_000, 129_000).run('b', 105_000).history;
    const { code, lines } = await judge(broken);
    expect(code).toBe(1);
    expect(lines.join('\n')).toMatch(/doubled.*slot 105000 began in a and again in b/s);
    expect(readdirSync(dir, { recursive: true }).join(' ')).toMatch(/seed-\d+\.jsonl/);
  });
});
