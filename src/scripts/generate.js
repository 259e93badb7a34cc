// Writes generated.ts: every script, prepended by lib.lua, and the version, so that nothing is read from disk at run time.
// The scripts in BATCHED are prepended to many.lua as well. What Lua and TypeScript share is written once, in Lua: the
// constants in lib.lua, and the names and order of KEYS and ARGV in each script's head.
const { readdirSync, readFileSync, writeFileSync } = require('node:fs');
const { basename, join } = require('node:path');
const { version } = require('../../package.json');

const files = readdirSync(__dirname).filter((file) => file.endsWith('.lua'));
const texts = Object.fromEntries(
  files.map((file) => [basename(file, '.lua'), readFileSync(join(__dirname, file), 'utf8')]),
);
const names = Object.keys(texts)
  .filter((name) => name !== 'lib')
  .sort();

// Comments would be sent to Redis with the first call of each script on a connection.
const codeOf = (name) =>
  texts[name]
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.trim().startsWith('--'))
    .join('\n');

const BATCHED = ['begin', 'claim', 'demand', 'recover', 'renew', 'restore', 'settle', 'sweep', 'take'];

/** The names that a script's head lists after `KEYS` or `ARGV`, without the explanations in brackets. */
const wordsOf = (name, section) => {
  const lines = texts[name].split('\n');
  const first = lines.findIndex((line) => line.startsWith(`-- ${section}  `));
  if (first < 0) {
    if (new RegExp(`\\b${section}\\b`).test(codeOf(name)))
      throw new Error(`${name}.lua uses ${section}, but no line of its head starts with '-- ${section}  '`);
    return [];
  }
  let list = lines[first].slice(`-- ${section}`.length);
  for (const line of lines.slice(first + 1)) {
    if (!line.startsWith('--       ')) break;
    list += ` ${line.slice(2).trim()}`;
  }
  // A script that takes many jobs then lists what it takes for each; the caller appends those.
  const [own] = list.replace(/\([^()]*\)/g, '').split(/, and for each /);
  const words = own
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  const odd = words.find((word) => !/^[A-Za-z]+$/.test(word));
  if (odd !== undefined) throw new Error(`${name}.lua: '${odd}' in its ${section} is not a name`);
  const taken = new RegExp(`^local ([^=]*) = (?:unpack\\(${section}|${section}\\[1\\])`, 'm').exec(
    texts[name],
  )?.[1];
  if (taken !== undefined && taken.replace(/\s/g, '') !== words.join())
    throw new Error(`${name}.lua unpacks ${section} as ${taken}, but its head lists ${words.join(', ')}`);
  return words;
};

/** Keys that exist for each job, or each roll call; all others exist once per fleet. */
const KEYS_OF_NAME = ['answers', 'demandTrigger', 'history', 'lock', 'trigger'];
/** Arguments with the same meaning in every script. */
const COMMON = ['name', 'caller', 'bell'];

const union = (words) => words.map((word) => `'${word}'`).join(' | ') || 'never';

/**
 * Functions that put the keys and arguments of a script in the order of its head. They only read properties, because they run
 * for every call. Their parameters begin with `_`, so that the compiler lets them be unused.
 */
const orderOf = (name) => {
  const [keys, args] = [wordsOf(name, 'KEYS'), wordsOf(name, 'ARGV')];
  const isOfName = (key) => KEYS_OF_NAME.includes(key);
  const ofFleet = union(keys.filter((key) => !isOfName(key)));
  const keyList = keys.map((key) => (isOfName(key) ? `_k.${key}(_name)` : `_k.${key}`));
  const own = union(args.filter((arg) => !COMMON.includes(arg)));
  const argList = args.map((arg) => (COMMON.includes(arg) ? `_c.${arg}` : `_a.${arg}`));
  return `{
    keys: (_k: Keys<${ofFleet}, ${union(keys.filter(isOfName))}>, _name: string): string[] => [${keyList.join(', ')}],
    args: (_c: Common, _a: Args<${own}>): Arg[] => [${argList.join(', ')}],
  }`;
};

/** Each `local NAME = 123` in lib.lua, with the comment above it. */
const constants = [...texts.lib.matchAll(/^-- (.*)\nlocal ([A-Z_]+) = ([\d.e]+)$/gm)];

const entries = (value) => names.map((name) => `  ${name}: ${value(name)},`).join('\n');
writeFileSync(
  join(__dirname, 'generated.ts'),
  `// Written by generate.js from the .lua files beside it.
export const version = ${JSON.stringify(version)};
${constants.map(([, comment, name, value]) => `/** ${comment} */\nexport const ${name} = ${value};`).join('\n')}
/** An argument of a script. */
export type Arg = string | number;
type Keys<OfFleet extends string, OfName extends string> = Readonly<Record<OfFleet, string>> &
  Readonly<Record<OfName, (name: string) => string>>;
type Common = Readonly<Record<${union(COMMON)}, string>>;
type Args<Own extends string> = Readonly<Record<Own, Arg>>;
/** The keys and arguments of each script, in its order. */
export const CALLS = {
${entries(orderOf)}
};
const lib = ${JSON.stringify(`${codeOf('lib')}\n`)};
const own = {
${entries((name) => JSON.stringify(`${codeOf(name)}\n`))}
};
/** Verbs whose calls can be sent in one script. */
export const BATCHED = ${JSON.stringify(BATCHED)} as const;
const functions = \`local verbs = {}\\n\${BATCHED.map((verb) => \`verbs.\${verb} = function(KEYS, ARGV)\\n\${own[verb]}end\\n\`).join('')}\`;
export const scripts = {
${entries((name) => (name === 'many' ? 'lib + functions + own.many' : `lib + own.${name}`))}
};
`,
);
