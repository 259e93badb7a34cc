// `node --require` this, and node runs the TypeScript of this repository: each file is compiled once for all processes
// that the tests start. Twice as fast as a loader, and a test starts dozens of them.
const { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } = require('node:fs');
const { createHash } = require('node:crypto');
const { _extensions: extensions } = require('node:module');
const { join } = require('node:path');

const CACHE = join(__dirname, '..', '..', 'node_modules', '.cache', 'bossman-tests');

extensions['.ts'] = (module, path) => module._compile(compiled(path), path);

function compiled(path) {
  const { mtimeMs, size } = statSync(path);
  const key = createHash('sha1').update(`${path} ${mtimeMs} ${size}`).digest('hex');
  const kept = join(CACHE, `${key}.js`);
  if (existsSync(kept)) return readFileSync(kept, 'utf8');
  const { transformSync } = require('esbuild');
  const { code } = transformSync(readFileSync(path, 'utf8'), {
    loader: 'ts',
    format: 'cjs',
    target: 'node20',
  });
  mkdirSync(CACHE, { recursive: true });
  // Another process may read it at this moment.
  const unfinished = `${kept}.${process.pid}`;
  writeFileSync(unfinished, code);
  renameSync(unfinished, kept);
  return code;
}
