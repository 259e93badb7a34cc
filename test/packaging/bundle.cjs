// `node bundle.cjs BUNDLER FORMAT ENTRY OUTPUT` bundles a program with all that it imports, as users do.
const { builtinModules } = require('node:module');
const { basename, dirname } = require('node:path');

const [, , bundler, format, entry, output] = process.argv;

/** As esbuild's documentation advises for ESM: what is CommonJS inside needs a `require`. */
const BANNER = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

const BUNDLERS = {
  async esbuild() {
    const banner = format === 'esm' ? { js: BANNER } : {};
    await require('esbuild').build({
      entryPoints: [entry],
      outfile: output,
      bundle: true,
      platform: 'node',
      format,
      banner,
      minify: true,
    });
  },
  async rollup() {
    const { rollup } = require('rollup');
    const plugins = [
      require('@rollup/plugin-node-resolve').nodeResolve({
        preferBuiltins: true,
        exportConditions: ['node'],
      }),
      require('@rollup/plugin-commonjs')(),
      require('@rollup/plugin-json')(),
    ];
    const external = [/^node:/, ...builtinModules];
    const bundle = await rollup({ input: entry, plugins, external, onwarn: () => {} });
    await bundle.write({ file: output, format });
  },
  webpack() {
    const { promise, resolve, reject } = withResolvers();
    require('webpack')(
      {
        mode: 'production',
        target: 'node20',
        entry,
        output: { path: dirname(output), filename: basename(output) },
      },
      (error, stats) => {
        if (error) reject(error);
        else if (stats.hasErrors()) reject(new Error(stats.toString('errors-only')));
        else resolve();
      },
    );
    return promise;
  },
};

function withResolvers() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}

BUNDLERS[bundler]();
