import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Redis } from 'ioredis';
import { ASSETS, PAGE } from '../src/web/generated';
import { testUrl } from './support/redis';

const ROOT = join(__dirname, '..');
const CONSUMERS = join(__dirname, 'packaging', 'consumers');
// A hundred seconds for the compiler on two busy cores.
const STEP_MS = 300_000;
const PEER = '@opentelemetry/api';
/** What users download. */
const MAX_KB = 260;
/** What a browser loads, packed. */
const MAX_PAGE_KB = 60;

/** Reads the package.json of the user's application, when the fleet is asked for. */
const APPLICATION = 'dist/inspection/application.js';
/** Reads the file that `--ca` names. */
const PLACE = 'dist/cli/place.js';

/** What npm, builds and git leave in the repository. */
const LEFTOVERS = ['node_modules', 'dist', 'coverage', '.git'];

const BOTH_KINDS = [
  ...['usage.mts', 'usage.cts', 'contract.mts', 'contract.cts', 'otel.mts', 'otel.cts', 'web.mts', 'web.cts'],
  ...['testing.mts', 'testing.cts', 'other-versions.mts', 'import-require.cts'],
];
const COMMONJS = ['usage.ts', 'contract.ts', 'otel.ts', 'web.ts', 'testing.ts', 'import-require.cts'];
const NODE10 = { module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '6.0' };
const BUNDLER = { module: 'esnext', moduleResolution: 'bundler' };
const NO_INTEROP = { esModuleInterop: false, ignoreDeprecations: '6.0' };

interface Setup {
  /** Consumers that make sense with it. */
  sources: string[];
  options: object;
}

/** What users of TypeScript set, by the name of a folder. */
const SETUPS: Record<string, Setup> = {
  node16: { sources: BOTH_KINDS, options: { module: 'node16' } },
  'node16-no-interop': { sources: BOTH_KINDS, options: { module: 'node16', ...NO_INTEROP } },
  nodenext: { sources: BOTH_KINDS, options: { module: 'nodenext' } },
  bundler: {
    sources: ['usage.mts', 'contract.mts', 'otel.mts', 'web.mts', 'testing.mts', 'other-versions.mts'],
    options: BUNDLER,
  },
  'bundler-no-interop': {
    sources: ['usage.mts', 'contract.mts', 'otel.mts', 'web.mts', 'testing.mts'],
    options: { ...BUNDLER, ...NO_INTEROP, allowSyntheticDefaultImports: false },
  },
  strictest: {
    sources: BOTH_KINDS,
    options: { module: 'nodenext', exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
  },
  node10: { sources: COMMONJS, options: NODE10 },
  'node10-no-interop': { sources: COMMONJS, options: { ...NODE10, ...NO_INTEROP } },
};

let folder: string;
/** A copy of the repository, where the package is made: other tests, and people, may build in the repository itself. */
let copy: string;
let tarball: string;
/** A project that has the tarball installed, at `installed`. */
let project: string;
let installed: string;
/** What is in the tarball. */
let files: string[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bossman-packaging-'));
  copy = copyRepository();
  tarball = pack();
  project = join(folder, 'project');
  installed = install();
  files = filesIn(installed);
}, STEP_MS);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each(['one-class.mjs', 'one-class.cjs'])('%s gets one class, by import and by require', (consumer) => {
  cpSync(join(CONSUMERS, consumer), join(project, consumer));
  run(process.execPath, [consumer], project);
});

it('bossman/otel alone needs its optional peer, and is one module by import and by require', () => {
  const needy = files.filter((file) => /\.(js|d\.ts)$/.test(file) && read(file).includes(PEER));
  expect(needy.filter((file) => !file.startsWith('dist/otel/'))).toEqual([]);
  cpSync(join(CONSUMERS, 'otel.mjs'), join(project, 'otel.mjs'));
  run(process.execPath, ['otel.mjs'], project);
});

it('bossman/testing is one module by import and by require, works without a Redis, and is loaded by nothing else', () => {
  cpSync(join(CONSUMERS, 'testing.mjs'), join(project, 'testing.mjs'));
  run(process.execPath, ['testing.mjs'], project);
});

it(
  'the types match the code, under every module resolution of TypeScript',
  () => {
    compileConsumers();
    const runnable = Object.entries(SETUPS).flatMap(([name, { sources }]) =>
      sources.map((source) => `./${name}/${source.replace(/ts$/, 'js')}`),
    );
    run(
      process.execPath,
      ['-e', 'for (const file of process.argv.slice(1)) import(file)', ...runnable],
      project,
    );
  },
  STEP_MS,
);

it(
  'the types are right with @types/node 20.10, whose EventEmitter is not generic',
  () => {
    const oldest = join(folder, 'oldest');
    cpSync(join(project, 'node_modules'), join(oldest, 'node_modules'), { recursive: true });
    const types = join(oldest, 'node_modules', '@types', 'node');
    rmSync(types, { recursive: true });
    cpSync(join(ROOT, 'node_modules', 'types-node-20.10'), types, { recursive: true });
    cpSync(join(CONSUMERS, 'other-versions.ts'), join(oldest, 'other-versions.mts'));
    const options = ['--noEmit', '--strict', '--pretty', 'false', '--module', 'node16', '--types', 'node'];
    // Our declarations are checked as well, so no skipLibCheck; these types of Node are not right for this compiler.
    const { stdout } = spawnSync(binary('tsc'), [...options, 'other-versions.mts'], {
      cwd: oldest,
      encoding: 'utf8',
      timeout: STEP_MS,
    });
    const wrong = stdout.split('\n').filter((line) => /^\S/.test(line));
    expect(wrong.length).toBeGreaterThan(0);
    expect(wrong.filter((line) => !line.startsWith('node_modules/@types/node/'))).toEqual([]);
  },
  STEP_MS,
);

it.each([
  ['esbuild', 'cjs'],
  ['esbuild', 'esm'],
  ['rollup', 'esm'],
  ['webpack', 'cjs'],
])('a bundle of %s, %s, has all exports on the class, and runs a job', async (bundler, format) => {
  const output = join(folder, 'bundles', bundler, `bundle.${format === 'esm' ? 'mjs' : 'cjs'}`);
  cpSync(join(CONSUMERS, 'bundled.mjs'), join(project, 'bundled.mjs'));
  const entry = join(project, 'bundled.mjs');
  run(process.execPath, [join(__dirname, 'packaging', 'bundle.cjs'), bundler, format, entry, output], ROOT);
  const prefix = `packaging-${process.pid}-${Date.now()}`;
  try {
    // Elsewhere, so that it finds nothing that it was not given.
    expect(run(process.execPath, [output, testUrl(), prefix], folder)).toBe('job was done\n');
  } finally {
    await removeKeys(prefix);
  }
});

it('the installed package runs a job, and lets the process exit', async () => {
  const prefix = `packaging-${process.pid}-${Date.now()}`;
  cpSync(join(CONSUMERS, 'job.mjs'), join(project, 'job.mjs'));
  try {
    expect(run(process.execPath, ['job.mjs', testUrl(), prefix], project)).toBe('job was done\n');
  } finally {
    await removeKeys(prefix);
  }
});

it('installing the package runs no script, which npm would ask users to allow', () => {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(read('package.json'));
  const asked = Object.keys(scripts).filter((name) =>
    /^(pre|post)?(install|prepare)$|^prepublish$/.test(name),
  );
  expect(asked).toEqual([]);
});

it('npx bossman prints its version', () => {
  const { version } = JSON.parse(read('package.json'));
  expect(run('npx', ['--no-install', 'bossman', '--version'], project)).toBe(`${version}\n`);
});

it('the package contains what was built from src, the documents, and nothing else', () => {
  const modules = filesIn(join(copy, 'src')).flatMap((file) => /^(?!page\/)(.*)\.ts$/.exec(file)?.[1] ?? []);
  expect(files.filter((file) => file.endsWith('.js')).sort()).toEqual(
    modules.map((m) => `dist/${m}.js`).sort(),
  );
  const documents = ['CHANGELOG.md', 'LICENSE', 'MIGRATING.md', 'README.md'].filter((file) =>
    existsSync(join(ROOT, file)),
  );
  const others = files.filter((file) => !/^dist\/.*\.(js|d\.ts)$/.test(file));
  const pages = filesIn(join(copy, 'docs')).flatMap((file) =>
    /\.(png|svg)$/.test(file) ? [] : `docs/${file}`,
  );
  expect(others.sort()).toEqual([...documents, ...pages, 'dist/web/LICENSES.txt', 'package.json'].sort());
});

it('the licences of bundled packages are in the package', () => {
  const licences = read('dist/web/LICENSES.txt');
  for (const name of ['hono', '@hono/node-server', 'preact']) {
    expect(licences).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+\\n\\n.*MIT`, 'm'));
  }
});

it(
  'the declarations are those that a compiler reads',
  () => {
    const declarations = files.filter((file) => file.endsWith('.d.ts'));
    expect(declarations.sort()).toEqual(compileConsumers().sort());
  },
  STEP_MS,
);

it('a stack trace names readable modules, functions and lines', () => {
  cpSync(join(CONSUMERS, 'stack.cjs'), join(project, 'stack.cjs'));
  const stack = run(process.execPath, ['stack.cjs'], project);
  const frames = [...stack.matchAll(/\/node_modules\/bossman\/(.*?):(\d+)/g)].map(([, file = '', line]) => ({
    file,
    text: read(file).split('\n')[Number(line) - 1]?.trim(),
  }));
  expect(frames[0]).toEqual({
    file: 'dist/settings.js',
    text: expect.stringMatching(/^throw new TypeError\(/),
  });
  expect(frames.at(-1)).toEqual({ file: 'dist/bossman.js', text: expect.stringContaining('readOptions') });
});

it('import of bossman loads nothing of bossman/web', () => {
  const print = "require('bossman'); console.log(Object.keys(require.cache).join('\\n'))";
  const loaded = run(process.execPath, ['-e', print], project).split('\n');
  expect(loaded.filter((file) => file.includes('/bossman/dist/')).length).toBeGreaterThan(10);
  expect(loaded.filter((file) => /\/(web|otel|cli)\//.test(file))).toEqual([]);
});

it('bossman/web is one module by import and by require, and serves its page', () => {
  cpSync(join(CONSUMERS, 'web.mjs'), join(project, 'web.mjs'));
  run(process.execPath, ['web.mjs', testUrl()], project);
});

it(`the page is at most ${MAX_PAGE_KB} kB`, () => {
  const parts = [...Object.values(ASSETS), PAGE].map((text) => gzipSync(text).length);
  expect(parts.reduce((sum, bytes) => sum + bytes) / 1000).toBeLessThanOrEqual(MAX_PAGE_KB);
});

it('the scripts are in the code: nothing is read from disk at run time', () => {
  const readers = files.filter(
    (file) =>
      file.endsWith('.js') &&
      /\breadFile|\bcreateReadStream/.test(read(file)) &&
      ![APPLICATION, PLACE].includes(file),
  );
  expect(readers).toEqual([]);
});

it(`the tarball is at most ${MAX_KB} kB`, () => {
  const kB = Math.ceil(statSync(tarball).size / 1000);
  const advice = `${basename(tarball)} is ${kB} kB. \`npm run build && npm pack --dry-run\` lists what is in it: take out what
no user needs, in finish-build.js or "files" of package.json. If it is code that was worth its size, raise MAX_KB.`;
  expect(kB > MAX_KB ? advice : 'small enough').toBe('small enough');
});

it.each([['publint', '--strict'], ['attw']])(
  '%s finds nothing in the tarball',
  (tool, ...options) => void run(binary(tool), [...options, tarball], project),
  STEP_MS,
);

/** @returns its folder */
function copyRepository(): string {
  const to = join(folder, 'copy');
  cpSync(ROOT, to, { recursive: true, filter: (path) => !LEFTOVERS.includes(basename(path)) });
  symlinkSync(join(ROOT, 'node_modules'), join(to, 'node_modules'));
  return to;
}

/** @returns the path of the tarball */
function pack(): string {
  const destination = join(folder, 'packed');
  mkdirSync(destination);
  // It builds, too.
  run('npm', ['pack', '--pack-destination', destination], copy);
  const [packed, ...more] = readdirSync(destination);
  if (packed === undefined || more.length > 0) throw new Error(`npm pack made ${packed} and ${more}`);
  return join(destination, packed);
}

/**
 * Does what `npm install TARBALL` does, which needs the registry: `npm ci` leaves nothing in npm's cache that tells the
 * versions of the dependencies. Those that package.json declares are copied, and what they declare in turn, so that one
 * that is not declared is missing here as it would be elsewhere.
 * @returns the folder of the package
 */
function install(): string {
  const modules = join(project, 'node_modules');
  const unpacked = join(modules, 'bossman');
  mkdirSync(modules, { recursive: true });
  writeFileSync(join(project, 'package.json'), '{ "private": true }\n');
  run('tar', ['-xzf', tarball, '-C', modules], project);
  renameSync(join(modules, 'package'), unpacked);
  copyDependencies(unpacked, modules);
  // Another version, which other libraries bring.
  cpSync(join(ROOT, 'node_modules', 'ioredis-5'), join(modules, 'ioredis-5'), { recursive: true });
  // The optional peer; it has no dependencies.
  cpSync(join(ROOT, 'node_modules', PEER), join(modules, PEER), { recursive: true });
  linkBins(unpacked, modules);
  return unpacked;
}

function linkBins(unpacked: string, modules: string): void {
  const manifest = readFileSync(join(unpacked, 'package.json'), 'utf8');
  const { bin = {} }: { bin?: Record<string, string> } = JSON.parse(manifest);
  mkdirSync(join(modules, '.bin'));
  for (const [name, path] of Object.entries(bin)) {
    chmodSync(join(unpacked, path), 0o755);
    symlinkSync(join(unpacked, path), join(modules, '.bin', name));
  }
}

function copyDependencies(dependent: string, modules: string): void {
  const manifest = readFileSync(join(dependent, 'package.json'), 'utf8');
  const { dependencies = {} }: { dependencies?: Record<string, string> } = JSON.parse(manifest);
  for (const name of Object.keys(dependencies)) {
    const to = join(modules, name);
    if (existsSync(to)) continue;
    cpSync(join(ROOT, 'node_modules', name), to, { recursive: true });
    copyDependencies(to, modules);
  }
}

let readByCompiler: string[] | undefined;

/**
 * Compiles the consumers in all setups, once.
 * @returns the files of the package that the compiler reads
 */
function compileConsumers(): string[] {
  if (!readByCompiler) {
    const configs = Object.entries(SETUPS).map(([name, setup]) => writeSetup(name, setup));
    const compiler = join(__dirname, 'packaging', 'compile.cjs');
    readByCompiler = run(process.execPath, [compiler, ...configs], project)
      .trimEnd()
      .split('\n');
  }
  return readByCompiler;
}

/** @returns the name of the file to pass to tsc */
function writeSetup(name: string, { sources, options }: Setup): string {
  for (const source of sources) {
    const kept = join(CONSUMERS, source);
    // Most are kept once, as .ts, for both kinds of module.
    const consumer = existsSync(kept) ? kept : kept.replace(/\.[cm]ts$/, '.ts');
    cpSync(consumer, join(project, name, source));
  }
  const compilerOptions = { target: 'es2022', strict: true, skipLibCheck: false, ...options };
  const config = `${name}.json`;
  writeFileSync(join(project, config), JSON.stringify({ compilerOptions, include: [name] }));
  return config;
}

async function removeKeys(prefix: string): Promise<void> {
  const redis = new Redis(testUrl());
  const keys = await redis.keys(`${prefix}:*`);
  if (keys.length > 0) await redis.del(keys);
  await redis.quit();
}

/** A tool that is installed for development. */
function binary(name: string): string {
  return join(ROOT, 'node_modules', '.bin', name);
}

/**
 * @returns what it wrote
 * @throws Error with all that it wrote, if it failed
 */
function run(command: string, args: string[], cwd: string): string {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: STEP_MS,
  });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')} failed (${error ?? status}):\n${stdout}${stderr}`);
}

function read(file: string): string {
  return readFileSync(join(installed, file), 'utf8');
}

/** Those in folders below, too; the paths are relative to `path`. */
function filesIn(path: string): string[] {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  return entries.filter((e) => e.isFile()).map((e) => relative(path, join(e.parentPath, e.name)));
}
