import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import ts from 'typescript';
import { processTimeZone } from '../src/schedule/schedule';
import { readDefinition, readOptions } from '../src/settings';

const ROOT = join(__dirname, '..');
const { prefix, concurrency, disableRedisConfig, run } = readOptions({});

/** What the code does when an option is not given, in the words of the documents. */
const DEFAULTS: Record<string, string> = {
  connection: defaultAddress(),
  prefix,
  ttl: `${run.ttlMs}`,
  keepAlive: `${run.keepAlive}`,
  recover: `${run.recover}`,
  misfire: `${run.misfire}`,
  jitter: `${run.jitterMs}`,
  tz: defaultZone(),
  history: `${run.history}`,
  concurrency: `${concurrency}`,
  disableRedisConfig: `${disableRedisConfig}`,
};

it('the defaults in docs/jobs.md are those in the code, of every option', () => {
  expect(defaultsInPage()).toEqual(DEFAULTS);
});

it('the defaults in the docstrings are those in the code, of every option', () => {
  expect(defaultsInDocstrings()).toEqual(DEFAULTS);
});

function defaultAddress(): string {
  const { host, port } = new Redis({ lazyConnect: true }).options;
  return `${host}:${port}`;
}

function defaultZone(): string {
  const { schedule } = readDefinition({ cron: '0 3 * * *', work() {} }, run, { prefix, name: 'report' });
  return schedule?.plan.endsWith(` ${processTimeZone()}`) ? "the process's" : `${schedule?.plan}`;
}

/** Of the table whose last column is `default`; its first has the options' names. */
function defaultsInPage(): Record<string, string> {
  const page = readFileSync(join(ROOT, 'docs', 'jobs.md'), 'utf8');
  const [, rows = ''] = /^\| option \|.*\| default \|\n\|[-| ]+\|\n((?:\|.*\|\n)+)/m.exec(page) ?? [];
  const cells = rows
    .trim()
    .split('\n')
    .map((row) => row.slice(1, -1).split('|'));
  const bare = (cell = '') => cell.trim().replace(/^[`']+|[`']+$/g, '');
  return Object.fromEntries(cells.map((row) => [bare(row[0]), bare(row.at(-1))]));
}

function defaultsInDocstrings(): Record<string, string> {
  const path = join(ROOT, 'src', 'options.ts');
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022, true);
  const found: Record<string, string> = {};
  for (const statement of source.statements) {
    if (!ts.isInterfaceDeclaration(statement)) continue;
    if (!['RunOptions', 'BossmanOptions'].includes(statement.name.text)) continue;
    for (const member of statement.members) {
      const tag = ts.getJSDocTags(member).find(({ tagName }) => tagName.text === 'default');
      const text = ts.getTextOfJSDocComment(tag?.comment) ?? 'none';
      found[member.name?.getText() ?? ''] = text.replace(/^'|'$| time zone$/g, '');
    }
  }
  return found;
}
