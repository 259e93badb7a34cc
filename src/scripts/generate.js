// Writes generated.ts: every script with lib.lua in front of it, and the version, so that nothing is read from disk at
// run time.
const { readdirSync, readFileSync, writeFileSync } = require('node:fs');
const { basename, join } = require('node:path');
const { version } = require('../../package.json');

// Comments would travel to Redis with every first call on a connection.
const read = (file) =>
  readFileSync(join(__dirname, file), 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.trim().startsWith('--'))
    .join('\n');

const names = readdirSync(__dirname)
  .filter((file) => file.endsWith('.lua') && file !== 'lib.lua')
  .map((file) => basename(file, '.lua'))
  .sort();

const entries = names.map((name) => `  ${name}: lib + ${JSON.stringify(`${read(`${name}.lua`)}\n`)},`);
writeFileSync(
  join(__dirname, 'generated.ts'),
  `// Written by generate.js from the .lua files beside it.
export const version = ${JSON.stringify(version)};
const lib = ${JSON.stringify(`${read('lib.lua')}\n`)};
export const scripts = {
${entries.join('\n')}
};
`,
);
