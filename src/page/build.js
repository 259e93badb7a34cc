// Bundles the page: one script, one style sheet, and the HTML that names them as assets/page.js and assets/page.css.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { buildSync } = require('esbuild');

/** @returns {{ html: string, script: string, style: string }} */
exports.buildPage = () => {
  const bundle = (entry) =>
    buildSync({
      entryPoints: [join(__dirname, entry)],
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      target: ['es2022', 'chrome123', 'firefox121', 'safari17.5'],
      jsx: 'automatic',
      jsxImportSource: 'preact',
      legalComments: 'none',
      tsconfigRaw: {},
    }).outputFiles[0].text;
  return {
    html: readFileSync(join(__dirname, 'index.html'), 'utf8'),
    script: bundle('main.tsx'),
    style: bundle('page.css'),
  };
};
