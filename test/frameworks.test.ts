import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { sectionsOf } from './frameworks/page';

const ROOT = join(__dirname, '..');
const SUITE = join(__dirname, 'frameworks');

/** TS2709, TS2347: what is `any` cannot be a type, or take one. The compilers of the frameworks read these lines. */
const OF_FOREIGN = [2709, 2347];

const sections = sectionsOf();

it('every section of the page is run by a test of npm run frameworks', () => {
  const tests = readdirSync(SUITE).filter((file) => file.endsWith('.test.ts'));
  const text = tests.map((file) => readFileSync(join(SUITE, file), 'utf8')).join('');
  const unread = sections.filter(({ heading }) => !new RegExp(`['\\s]${heading}\\b`).test(text));
  expect(unread.map(({ heading }) => heading)).toEqual([]);
});

// The frameworks are not installed here: what is theirs is `any`. Ours has its types.
it("the programs in the document compile with the library's types", () => {
  const folder = mkdtempSync(join(tmpdir(), 'bossman-page-'));
  try {
    expect(typeErrors(folder)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

function typeErrors(folder: string): string[] {
  const programs = sections.flatMap(({ heading, files }) =>
    Object.entries(files)
      .filter(([name]) => !name.endsWith('.json'))
      .map(([name, text]) => ({ path: join(folder, heading, name), text })),
  );
  for (const { path, text } of programs) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  const paths = programs.map(({ path }) => path);
  const imported = programs.flatMap(({ text }) =>
    ts.preProcessFile(text).importedFiles.map(({ fileName }) => fileName),
  );
  const foreign = [...new Set(imported)].filter((name) => !/^(\.|node:|bossman$)/.test(name));
  const declarations = join(folder, 'foreign.d.ts');
  writeFileSync(declarations, foreign.map((name) => `declare module '${name}';\n`).join(''));
  const program = ts.createProgram([declarations, ...paths], {
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts'],
    strict: true,
    noImplicitAny: false,
    allowJs: true,
    checkJs: true,
    experimentalDecorators: true,
    esModuleInterop: true,
    skipLibCheck: true,
    noEmit: true,
    types: ['node', 'jest'],
    typeRoots: [join(ROOT, 'node_modules', '@types')],
    paths: { bossman: [join(ROOT, 'src', 'index.ts')] },
  });
  // File by file: the sources of the library, most of what there is to check, are not the question.
  return paths
    .flatMap((path) => ts.getPreEmitDiagnostics(program, program.getSourceFile(path)))
    .filter(({ file, code }) => file?.fileName.startsWith(folder) && !OF_FOREIGN.includes(code))
    .map(
      ({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
}
