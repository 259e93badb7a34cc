// How jest compiles. Types are checked once for all files, by `npm run typecheck`.
const { createHash } = require('node:crypto');
const { compiled, version } = require('./compiled.cjs');

module.exports = {
  getCacheKey: (text, path) => createHash('sha1').update(`${version} ${path}\n${text}`).digest('hex'),
  process: (_text, path) => compiled(path),
};
