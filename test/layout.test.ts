import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import ts from 'typescript';

const SRC = join(__dirname, '..', 'src');

/** What runs in a process of its own, or in a browser, where nobody replaces the timers. */
const isProgram = (file: string) => file.startsWith('cli/') || file.startsWith('page/');

/** The folders of `src/`, and the files beside them, from the public face down: each may import those below it. */
const LAYERS = [
  ...['index', 'cli', 'page', 'web', 'otel', 'testing', 'memory', 'bossman', 'instance'],
  ...['inspection', 'slots', 'demands', 'plans', 'runs'],
  ...['shared', 'hints', 'telling', 'redis'],
  ...['job', 'settings', 'options', 'info', 'events'],
  ...['schedule', 'errors', 'time', 'scripts'],
];

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file));

it('every folder and file in src/ has its place among the layers', () => {
  expect([...new Set(files.map(layerOf))].sort()).toEqual([...LAYERS].sort());
});

it('imports point from the public face down, so no two folders need each other', () => {
  const upward = files.flatMap((file) =>
    importsOf(file)
      .filter((imported) => LAYERS.indexOf(layerOf(imported)) < LAYERS.indexOf(layerOf(file)))
      .map((imported) => `${file} imports ${imported}`),
  );
  expect(upward).toEqual([]);
});

it('only a few files are directly in src/: the public face, and what every folder shares', () => {
  expect(files.filter((file) => !file.includes('/')).length).toBeLessThanOrEqual(10);
});

it('no file in src/ is longer than 300 lines', () => {
  const long = files.filter((file) => !file.endsWith('/generated.ts') && linesOf(file) > 300);
  expect(long).toEqual([]);
});

it("each part of a job's state is written in one folder", () => {
  const parts = { PlanState: 'plans', SlotState: 'slots', DemandState: 'demands', RunState: 'runs' };
  const strangers = Object.entries(parts).flatMap(([part, owner]) => {
    const declared = new RegExp(`interface ${part} \\{(.*?)\\n\\}`, 's').exec(sourceOf('job.ts'))?.[1] ?? '';
    const fields = [...declared.matchAll(/^ {2}(\w+):/gm)].map(([, field]) => field);
    expect(fields.length).toBeGreaterThan(0);
    const written = new RegExp(`\\b(?:job|known)\\.(?:${fields.join('|')}) (?:[-+]?=|\\?\\?=) .*`, 'g');
    return files
      .filter((file) => layerOf(file) !== owner)
      .flatMap((file) => [...sourceOf(file).matchAll(written)].map(([line]) => `${file}: ${line}`));
  });
  expect(strangers).toEqual([]);
});

it('every timer is set by time/timers, which allows any wait and is not affected by fake timers', () => {
  const setters = files.filter(
    (file) =>
      file !== 'time/timers.ts' &&
      // It may wait for fixed times.
      !isProgram(file) &&
      !file.endsWith('/generated.ts') &&
      /\bset(Timeout|Interval)\b|AbortSignal\.timeout|['"](node:)?timers/.test(sourceOf(file)),
  );
  expect(setters).toEqual([]);
});

it('timers and the monotonic clock come only from time/timers, which fake timers do not affect', () => {
  const FAKED =
    /\b(set|clear)(Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|\bnextTick\b|\bperformance\b/g;
  const users = files
    .filter((file) => file !== 'time/timers.ts' && !isProgram(file))
    .flatMap((file) => {
      const text = readFileSync(join(SRC, file), 'utf8').replace(/\/\*.*?\*\/|\/\/.*/gs, '');
      const taken = [...text.matchAll(/import \{([^}]*)\} from '[./]+(?:\/time)?\/timers';/g)].join();
      const used = new Set(text.match(FAKED));
      return [...used].filter((name) => !taken.includes(name)).map((name) => `${file} uses ${name}`);
    });
  expect(users).toEqual([]);
});

/** The folder of a file, or the name of a file beside the folders. */
function layerOf(file: string): string {
  return file.split('/')[0]?.replace(/\.ts$/, '') ?? file;
}

/** Paths in `src/`, without an ending. */
function importsOf(file: string): string[] {
  const path = join(SRC, file);
  const { importedFiles } = ts.preProcessFile(sourceOf(file));
  return importedFiles.flatMap(({ fileName }) =>
    fileName.startsWith('.') ? [relative(SRC, resolve(path, '..', fileName))] : [],
  );
}

function linesOf(file: string): number {
  return sourceOf(file).trimEnd().split('\n').length;
}

function sourceOf(file: string): string {
  return readFileSync(join(SRC, file), 'utf8');
}
