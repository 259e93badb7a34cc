import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type BuildOptions, buildSync } from 'esbuild';
import { Redis } from 'ioredis';
import ts from 'typescript';
import { parse as parseYaml } from 'yaml';
import { type Block, blocksOf, programOf, usesBossman } from './docs/blocks';
import { PAGE, WEB } from './frameworks/page';
import { makeFaultyFleet } from './support/faults';
import { type RedisServer, startServer } from './support/redis';
import { waitFor } from './support/wait';

const ROOT = join(__dirname, '..');
const PAGES = readdirSync(join(ROOT, 'docs')).flatMap((file) =>
  file.endsWith('.md') ? [`docs/${file}`] : [],
);
const DOCUMENTS = [
  'README.md',
  'MIGRATING.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'examples/README.md',
  ...PAGES,
];
const PROGRAMS = ['js', 'ts', 'diff'];
/** Others would go unread by all that is below; `text` and `mermaid` are drawings. */
const LANGUAGES = [...PROGRAMS, 'shell', 'redis', 'yaml', 'jsonc', 'text', 'mermaid'];

/** Where the package is, for programs that import it. */
const PATHS = {
  bossman: [join(ROOT, 'src', 'index.ts')],
  'bossman/otel': [join(ROOT, 'src', 'otel', 'index.ts')],
  'bossman/testing': [join(ROOT, 'src', 'testing', 'index.ts')],
  'bossman/web': [join(ROOT, 'src', 'web', 'index.ts')],
};

const manifest: {
  name: string;
  bin?: Record<string, string>;
  scripts: Record<string, string>;
  devDependencies: Record<string, string>;
} = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

const blocks = DOCUMENTS.flatMap(blocksOf);
/** Those of PAGE are for frameworks that are not installed here: see test/frameworks. */
const own = blocks.filter(
  ({ at, section }) =>
    !at.startsWith(`${PAGE}:`) && !(at.startsWith(`${WEB.page}:`) && section === WEB.section),
);
const inLanguage = (...languages: string[]) => own.filter(({ language }) => languages.includes(language));
const programs = inLanguage(...PROGRAMS);
const named = (some: Block[]) => some.map((block): [string, Block] => [block.at, block]);

it('every code block in the documents names its language', () => {
  const others = blocks.filter(({ language }) => !LANGUAGES.includes(language));
  expect(others).toEqual([]);
});

it('no document contains merge markers', () => {
  const left = [...DOCUMENTS, 'CHANGELOG.md'].filter((document) =>
    /^(<{7}|={7}|>{7})( |$)/m.test(readFileSync(join(ROOT, document), 'utf8')),
  );
  expect(left).toEqual([]);
});

it('every link from one document to another, or within it, leads somewhere', () => {
  const links = DOCUMENTS.flatMap((document) =>
    [...proseOf(document).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link = '']) => {
      const [path = '', anchor] = link.split('#');
      return { document, link, path: path ? join(dirname(document), path) : document, anchor };
    }),
  );
  const dead = links.filter(
    ({ path, anchor }) => !existsSync(join(ROOT, path)) || (anchor && !anchorsOf(path).includes(anchor)),
  );
  expect(dead).toEqual([]);
});

it('the README links every page of docs/, and has at most 220 lines', () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  expect(PAGES.filter((page) => !readme.includes(`](${page})`))).toEqual([]);
  expect(readme.split('\n').length).toBeLessThanOrEqual(221);
});

it('a relative link in a document of the package leads to a file of the package', () => {
  const published = ['README.md', 'MIGRATING.md', 'CHANGELOG.md', ...PAGES];
  const strays = published.flatMap((document) =>
    [...proseOf(document).matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)]
      .map(([, path = '']) => join(dirname(document), path))
      // A PNG is too large for the package: registries show it from the repository.
      .filter((path) => !published.includes(path) && !/^docs\/[^/]*\.(svg|png)$/.test(path)),
  );
  expect(strays).toEqual([]);
});

describe('programs in the documents', () => {
  let folder: string;
  let server: RedisServer;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'bossman-docs-'));
    installPackage(join(folder, 'node_modules'));
    for (const block of programs) writeFileSync(fileOf(block), programOf(block));
    compile(
      programs.map((block) => fileOf(block)).filter((file) => file.endsWith('.mts')),
      { outdir: folder, format: 'esm', outExtension: { '.js': '.mjs' } },
    );
    compile(
      programs.map((block) => fileOf(block)).filter((file) => file.endsWith('.cts')),
      { outdir: folder, format: 'cjs', outExtension: { '.js': '.cjs' } },
    );
    compile([join(__dirname, 'docs', 'reader.ts')], {
      outdir: folder,
      format: 'esm',
      outExtension: { '.js': '.mjs' },
    });
  });

  beforeEach(async () => {
    server = await startServer();
  });

  afterEach(() => server.stop());

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function fileOf(block: Block): string {
    const extension = /\brequire\(/.test(block.code) ? 'cts' : 'mts';
    return join(folder, `${block.at.replace(/\W/g, '-')}.${extension}`);
  }

  it('compile', () => {
    expect(typeErrors(folder, programs.map(fileOf))).toEqual([]);
  });

  it.each(named(programs.filter(usesBossman)))('%s runs, and so does every job that it hires', (_, block) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(folder, 'reader.mjs'), `${server.port}`, fileOf(block).replace(/ts$/, 'js')],
      { cwd: ROOT, encoding: 'utf8', timeout: 50_000 },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const staying = /\bfred\.quit\(\);\n/.test(block.code) ? [] : hiredIn(block);
    expect(stdout.match(/(?<=^ran ).*/gm) ?? []).toEqual(staying);
  });
});

/**
 * What `npm install` makes of the package, and of all that is installed here: a program then needs no loader, which would
 * take longer than the program.
 */
function installPackage(modules: string): void {
  const installed = join(modules, manifest.name);
  mkdirSync(installed, { recursive: true });
  for (const entry of readdirSync(join(ROOT, 'node_modules'))) {
    symlinkSync(join(ROOT, 'node_modules', entry), join(modules, entry));
  }
  cpSync(join(ROOT, 'package.json'), join(installed, 'package.json'));
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  compile(
    sources.filter((file) => /^(?!page\/).*\.ts$/.test(file)).map((file) => join(ROOT, 'src', file)),
    { outdir: join(installed, 'dist'), outbase: join(ROOT, 'src'), format: 'cjs' },
  );
}

function compile(entryPoints: string[], options: BuildOptions): void {
  buildSync({ entryPoints, target: 'node20', tsconfigRaw: {}, ...options });
}

/** A document without its blocks of code, where brackets are no links. */
function proseOf(document: string): string {
  return readFileSync(join(ROOT, document), 'utf8').replace(/^```[\s\S]*?^```$/gm, '');
}

/** As GitHub makes them of headings. */
function anchorsOf(document: string): string[] {
  const headings = readFileSync(join(ROOT, document), 'utf8').matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
}

/** The names that a program hires, in the order in which it does. */
function hiredIn({ code }: Block): string[] {
  return [...new Set([...code.matchAll(/\.hire\('([^']+)'/g)].map(([, name]) => name ?? ''))];
}

/** What libraries that are not installed here are, nobody can say: they are `any`. */
function typeErrors(folder: string, files: string[]): string[] {
  const foreign = join(folder, 'foreign.d.ts');
  const modules = ['bullmq', 'agenda', '@agendajs/redis-backend'];
  writeFileSync(foreign, modules.map((name) => `declare module '${name}';\n`).join(''));
  const program = ts.createProgram([foreign, ...files], {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts'],
    strict: true,
    noImplicitAny: false,
    esModuleInterop: true,
    skipLibCheck: true,
    noEmit: true,
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules', '@types')],
    paths: {
      ...PATHS,
      // Its package.json hides its types from import.
      redlock: [join(ROOT, 'node_modules', 'redlock', 'dist', 'index.d.ts')],
    },
  });
  // File by file: the sources of the library, most of what there is to check, are not the question.
  return files
    .flatMap((file) => ts.getPreEmitDiagnostics(program, program.getSourceFile(file)))
    .map(
      ({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
}

it.each(named(inLanguage('yaml')))('%s is YAML', (_, { code }) => {
  expect(parseYaml(code)).toEqual(expect.any(Object));
});

it.each(named(inLanguage('shell')))('the commands of %s are there', (_, { code }) => {
  const commands = code
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, ''))
    .flatMap((line) => line.split(' && '))
    .filter(Boolean);
  expect(commands.filter((command) => !isThere(command))).toEqual([]);
});

describe('a workflow', () => {
  const folder = join(ROOT, '.github', 'workflows');
  const workflows = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
  const used = (pattern: RegExp) =>
    workflows.flatMap((text) => [...text.matchAll(pattern)].map(([, what = '']) => what));

  it('runs only npm scripts that exist', () => {
    const scripts = used(/\bnpm run ([\w-]+)/g);
    expect(scripts).toContain('frameworks');
    expect(scripts.filter((script) => !(script in manifest.scripts))).toEqual([]);
  });

  it('names only tests that exist', () => {
    const tests = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => `test/${file}`);
    const named = used(/\bnpx jest ((?:test\/\S+ ?)+)/g).flatMap((paths) => paths.trim().split(' '));
    expect(named).toContain('test/faults');
    expect(named.filter((path) => !tests.some((file) => file.startsWith(path)))).toEqual([]);
  });
});

function isThere(command: string): boolean {
  const [tool = '', verb = '', what = ''] = command.split(' ');
  if (tool === 'npm') {
    if (verb === 'run') return what in manifest.scripts;
    if (verb === 'install') return what === manifest.name;
    if (verb === 'init') return what === '-y';
    return verb === 'ci' || (verb === 'test' && 'test' in manifest.scripts);
  }
  if (tool === 'npx') return verb in (manifest.bin ?? {}) || verb in manifest.devDependencies;
  accessSync(join(ROOT, tool), constants.X_OK);
  return true;
}

describe('a server', () => {
  const fleet = makeFaultyFleet();

  it('accepts every Redis command in the documents, and the user that they create can do everything', async () => {
    const lines = inLanguage('redis').flatMap(({ code }) => code.split('\n').filter(Boolean));
    expect(lines.filter((line) => line.startsWith('ACL SETUSER app '))).toHaveLength(1);
    for (const line of lines) {
      const [command = '', ...args] = line.split(' ');
      await expect(fleet.redis.call(command, ...args)).resolves.toBe('OK');
    }

    const login = { username: 'app', password: 'secret' };
    const stranger = new Redis({ ...login, port: fleet.server.port, lazyConnect: true });
    await expect(stranger.get('elsewhere')).rejects.toThrow(/NOPERM/);
    stranger.disconnect();

    const options = { prefix: 'bossman', disableRedisConfig: true, recover: true };
    const [fred, other] = [fleet.join(options, login), fleet.join(options, login)];
    await fred.hire('tick', { every: 100, work() {} });
    await fred.hire('wanted', { keepAlive: true, ttl: 200, work() {} });
    await fleet.ticks('tick', 3);
    await other.demand('wanted');
    await waitFor('the demand', () => fleet.told.finish.some(({ job }) => job === 'wanted'));
    await other.fire('tick');
    expect(fleet.told.error).toEqual([]);
  });
});
