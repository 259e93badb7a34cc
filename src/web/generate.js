// Writes generated.ts: the page as src/page bundles it, so that nothing is read from disk at run time.
const { createHash } = require('node:crypto');
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const BUILD = join(__dirname, '..', 'page', 'build.js');
const OUTPUT = join(__dirname, 'generated.ts');
const PLACEHOLDER = {
  html: '<!doctype html><title>bossman</title><script type="module" src="assets/page.js"></script>',
  script: "document.body.textContent = 'The page is not built.';",
  style: '',
};

const { html, script, style } = existsSync(BUILD) ? require(BUILD).buildPage() : PLACEHOLDER;

const assets = Object.entries({ js: script, css: style }).map(([ending, text]) => {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 12);
  return { plain: `assets/page.${ending}`, name: `page-${hash}.${ending}`, text };
});
// Removes white space between elements, which is invisible.
const compact = html.replace(/>\s+</g, '><').trim();
const linked = assets.reduce(
  (page, { plain, name }) => page.replaceAll(`"${plain}"`, `"BASE/assets/${name}"`),
  compact,
);
const code = `// Written by generate.js from src/page.
/** The page. BASE is replaced by the page's folder, relative to the address that the browser requested. */
export const PAGE = ${JSON.stringify(linked)};
/** The files that the page links to, by name. A name contains a hash of the content. */
export const ASSETS: Readonly<Record<string, string>> = {
${assets.map(({ name, text }) => `  ${JSON.stringify(name)}: ${JSON.stringify(text)},`).join('\n')}
};
`;
// Writing an unchanged file would make every file watcher rebuild.
if (!existsSync(OUTPUT) || readFileSync(OUTPUT, 'utf8') !== code) writeFileSync(OUTPUT, code);
