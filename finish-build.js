// Ends a build: puts what src/web takes from other packages into dist, and takes out what nobody reads.
const { readdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { join, resolve } = require('node:path');
const { buildSync } = require('esbuild');
const { preProcessFile } = require('typescript');

const DIST = join(__dirname, 'dist');
const ENTRIES = ['index.d.ts', 'otel/index.d.ts', 'testing/index.d.ts', 'web/index.d.ts'];

// In place of the module that only names them, so that nobody has to install them.
const { metafile } = buildSync({
  entryPoints: [join(__dirname, 'src/web/hono.ts')],
  outfile: join(DIST, 'web/hono.js'),
  allowOverwrite: true,
  bundle: true,
  minify: true,
  metafile: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  legalComments: 'none',
});

// What is in the page, as src/page bundles it.
const page = buildSync({
  entryPoints: [join(__dirname, 'src/page/main.tsx')],
  bundle: true,
  metafile: true,
  write: false,
  format: 'esm',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  tsconfigRaw: {},
});

// The licences of all these packages ask to be passed on.
const packages = [metafile, page.metafile]
  .flatMap(({ inputs }) => Object.keys(inputs))
  .flatMap((file) => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []);
const licences = [...new Set(packages)].sort().map((name) => {
  const folder = join(__dirname, 'node_modules', name);
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const text = file ? readFileSync(join(folder, file), 'utf8').trim() : license;
  return `${name} ${version}\n\n${text}\n`;
});
writeFileSync(join(DIST, 'web/LICENSES.txt'), licences.join(`\n${'-'.repeat(80)}\n\n`));

// The declarations of internal modules: what is private has no type in those of the class.
const reached = new Set();
const reach = (file) => {
  if (reached.has(file)) return;
  reached.add(file);
  for (const { fileName } of preProcessFile(readFileSync(file, 'utf8')).importedFiles) {
    if (fileName.startsWith('.')) reach(`${resolve(file, '..', fileName)}.d.ts`);
  }
};
for (const entry of ENTRIES) reach(join(DIST, entry));
for (const file of readdirSync(DIST, { recursive: true, encoding: 'utf8' })) {
  const path = join(DIST, file);
  if (file.endsWith('.d.ts') && !reached.has(path)) rmSync(path);
}
