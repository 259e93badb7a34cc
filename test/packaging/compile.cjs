// `node compile.cjs CONFIG…` compiles projects as `tsc -p CONFIG` would each, and ends with 1 if one of them is not right.
// In one process, whose programs share what they read: most of a compiler's time goes into libraries that are the same for
// all. Of these, it checks what comes with the compiler and with @types/node, whose errors are nobody's here, for the first
// project alone, and all else for each. The list of commands of ioredis, which takes longer than all else, consists of
// signatures, which options of a project do not change: for the others, it checks that its imports have types. Prints which
// files of the package the first project reads.
const { builtinModules } = require('node:module');
const { dirname } = require('node:path');
const ts = require('typescript');

const NOT_OURS = /\/node_modules\/(typescript\/lib|@types\/node|undici-types)\//;
const COMMANDS = /\/node_modules\/ioredis(-5)?\/built\/utils\/RedisCommander\.d\.ts$/;

const configs = process.argv.slice(2);
const libraries = new Map();
let failed = false;

for (const [index, config] of configs.entries()) {
  const { fileNames, options, errors } = ts.getParsedCommandLineOfConfigFile(config, {}, parseHost());
  const program = ts.createProgram(fileNames, options, sharingHost(options));
  const files = program.getSourceFiles();
  if (index === 0) {
    const read = files.flatMap(({ fileName }) => /\/node_modules\/bossman\/(.*)$/.exec(fileName)?.[1] ?? []);
    process.stdout.write(`${read.join('\n')}\n`);
  }
  const ours = index === 0 ? files : files.filter(({ fileName }) => !NOT_OURS.test(fileName));
  for (const file of files.filter(({ fileName }) => COMMANDS.test(fileName))) checkImports(file, options);
  report(config, [
    ...errors,
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...ours.flatMap((file) => (index > 0 && COMMANDS.test(file.fileName) ? [] : errorsIn(program, file))),
    // One by one: to write all at once, the compiler would check all.
    ...files.filter((file) => !file.isDeclarationFile).flatMap((file) => program.emit(file).diagnostics),
  ]);
}
process.exitCode = failed ? 1 : 0;

function errorsIn(program, file) {
  return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
}

/** @throws Error if one has no types */
function checkImports({ fileName, text, impliedNodeFormat }, options) {
  for (const { fileName: name } of ts.preProcessFile(text).importedFiles) {
    const { resolvedModule } = ts.resolveModuleName(
      name,
      fileName,
      options,
      ts.sys,
      undefined,
      undefined,
      impliedNodeFormat,
    );
    const isTyped = resolvedModule && /\.[cm]?ts$/.test(resolvedModule.resolvedFileName);
    if (!isTyped && !builtinModules.includes(name))
      throw new Error(`${fileName} imports ${name}, whose types are not found`);
  }
}

function parseHost() {
  return { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (error) => report('', [error]) };
}

/** A declaration file is parsed and bound once for all programs that read it in the same way. */
function sharingHost(options) {
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile;
  host.getSourceFile = (name, how, ...rest) => {
    if (!/\.d\.[cm]?ts$/.test(name)) return read(name, how, ...rest);
    const key = JSON.stringify([name, how.languageVersion, how.impliedNodeFormat, options.moduleDetection]);
    if (!libraries.has(key)) libraries.set(key, read(name, how, ...rest));
    return libraries.get(key);
  };
  return host;
}

function report(config, diagnostics) {
  if (diagnostics.length === 0) return;
  failed = true;
  const host = {
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: () => dirname(config),
    getNewLine: () => '\n',
  };
  process.stdout.write(`${config}:\n${ts.formatDiagnostics(diagnostics, host)}`);
}
