// Ends a build: takes out of dist what nobody reads.
const { readdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { join, resolve } = require('node:path');
const { decode, encode } = require('@jridgewell/sourcemap-codec');
const { preProcessFile } = require('typescript');

const DIST = join(__dirname, 'dist');
const ENTRIES = ['index.d.ts', 'otel/index.d.ts'];
/** Long lines of Lua: a map would bring them along once more, and tell nothing. */
const UNMAPPED = 'scripts/generated.js';

const filesThatEndIn = (suffix) =>
  readdirSync(DIST, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(suffix))
    .map((file) => join(DIST, file));

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
for (const file of filesThatEndIn('.d.ts')) if (!reached.has(file)) rmSync(file);

const unmapped = join(DIST, UNMAPPED);
writeFileSync(unmapped, readFileSync(unmapped, 'utf8').replace(/^\/\/# sourceMappingURL=.*$\n?/m, ''));
rmSync(`${unmapped}.map`);

// The compiler maps every word. For the line of each, which is what a stack trace tells, its first word will do.
const firstOfEachLine = (segments) => segments.filter(([, , line], i) => line !== segments[i - 1]?.[2]);
for (const file of filesThatEndIn('.js.map')) {
  const map = JSON.parse(readFileSync(file, 'utf8'));
  const mappings = encode(decode(map.mappings).map(firstOfEachLine));
  writeFileSync(file, JSON.stringify({ ...map, mappings }));
}
