// Writes generated.ts: every script with lib.lua in front of it, and the version, so that nothing is read from disk at
// run time. many.lua has those of BATCHED in front of it as well.
const { readdirSync, readFileSync, writeFileSync } = require('node:fs');
const { basename, join } = require('node:path');
const { version } = require('../../package.json');

// Comments would travel to Redis with every first call on a connection.
const read = (file) =>
  readFileSync(join(__dirname, file), 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.trim().startsWith('--'))
    .join('\n');

const BATCHED = ['begin', 'claim', 'demand', 'recover', 'renew', 'restore', 'settle', 'sweep', 'take'];

const names = readdirSync(__dirname)
  .filter((file) => file.endsWith('.lua') && file !== 'lib.lua')
  .map((file) => basename(file, '.lua'))
  .sort();

const entries = (value) => names.map((name) => `  ${name}: ${value(name)},`).join('\n');
writeFileSync(
  join(__dirname, 'generated.ts'),
  `// Written by generate.js from the .lua files beside it.
export const version = ${JSON.stringify(version)};
const lib = ${JSON.stringify(`${read('lib.lua')}\n`)};
const own = {
${entries((name) => JSON.stringify(`${read(`${name}.lua`)}\n`))}
};
/** Verbs whose calls can travel together. */
export const BATCHED = ${JSON.stringify(BATCHED)} as const;
const functions = \`local verbs = {}\\n\${BATCHED.map((verb) => \`verbs.\${verb} = function(KEYS, ARGV)\\n\${own[verb]}end\\n\`).join('')}\`;
export const scripts = {
${entries((name) => (name === 'many' ? 'lib + functions + own.many' : `lib + own.${name}`))}
};
`,
);
