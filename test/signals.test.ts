import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { blocksOf } from './docs/blocks';

const ROOT = join(__dirname, '..');
const EXAMPLES = join(ROOT, 'examples');
const SIGNALS = ['SIGTERM', 'SIGINT'];

/** A process of the demo ignores Ctrl-C, as the demo itself ends it. */
const EXEMPT = ['demo/member.ts'];

const documents = readdirSync(ROOT, { recursive: false, encoding: 'utf8' })
  .concat(readdirSync(join(ROOT, 'docs')).map((page) => `docs/${page}`))
  .filter((file) => file.endsWith('.md'));
const examples = readdirSync(EXAMPLES, { recursive: true, encoding: 'utf8' }).filter(
  (file) => /\.[cm]?[jt]sx?$/.test(file) && !file.includes('node_modules') && !EXEMPT.includes(file),
);

it('code in documents and examples that handles SIGTERM also handles SIGINT, and vice versa', () => {
  const snippets = [
    ...documents.flatMap((document) => blocksOf(document).map(({ at, code }) => ({ at, code }))),
    ...examples.map((file) => ({ at: file, code: readFileSync(join(EXAMPLES, file), 'utf8') })),
  ];
  const handled = snippets.filter(({ code }) => SIGNALS.some((signal) => code.includes(`'${signal}'`)));
  const halves = handled.filter(({ code }) => !SIGNALS.every((signal) => code.includes(`'${signal}'`)));
  expect(handled.length).toBeGreaterThan(5);
  expect(halves.map(({ at }) => at)).toEqual([]);
});
