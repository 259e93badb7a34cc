// Ends a build: takes out of dist what nobody reads.
const { readdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { join, relative, resolve } = require('node:path');
const { decode, encode } = require('@jridgewell/sourcemap-codec');
const { preProcessFile } = require('typescript');

const DIST = join(__dirname, 'dist');
const ENTRIES = ['index.d.ts', 'otel/index.d.ts'];
/**
 * What gets no map: the scripts, long lines of Lua that a map would only repeat, and the command line, a program that
 * nobody debugs.
 */
const UNMAPPED = /^(scripts\/generated|cli\/.*)\.js$/;

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

for (const file of filesThatEndIn('.js')) {
  if (!UNMAPPED.test(relative(DIST, file))) continue;
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^\/\/# sourceMappingURL=.*$\n?/m, ''));
  rmSync(`${file}.map`);
}

// The compiler maps every word. For the line of each, which is what a stack trace tells, its first word will do.
const firstOfEachLine = (segments) => segments.filter(([, , line], i) => line !== segments[i - 1]?.[2]);
for (const file of filesThatEndIn('.js.map')) {
  const map = JSON.parse(readFileSync(file, 'utf8'));
  const mappings = encode(decode(map.mappings).map(firstOfEachLine));
  writeFileSync(file, JSON.stringify({ ...map, mappings }));
}
