import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm;

/** A fenced block of a document. */
export interface Block {
  /** The document and the line, as in `README.md:12`. */
  at: string;
  /** The heading of the second level that it is below; empty if there is none. */
  section: string;
  /** `js`, `shell` …; empty if the document does not say. */
  language: string;
  code: string;
}

/** The blocks of a document, a path in the repository, in their order. */
export function blocksOf(document: string): Block[] {
  const text = readFileSync(join(ROOT, document), 'utf8');
  return [...text.matchAll(FENCE)].map(({ 1: language = '', 2: code = '', index }) => {
    const before = text.slice(0, index);
    return {
      at: `${document}:${before.split('\n').length}`,
      section: [...before.matchAll(/^## (.*)$/gm)].at(-1)?.[1] ?? '',
      language,
      code,
    };
  });
}

/** Code that is shown, a diff as what it makes, with what the reader is left to have. */
export function programOf({ language, code }: Block): string {
  const shown = language === 'diff' ? code.replace(/^-.*\n/gm, '').replace(/^\+/gm, '') : code;
  return [...missingIn(shown), shown].join('\n');
}

/** Code that is shown is about bossman, and not about what somebody had before. */
export function usesBossman(block: Block): boolean {
  const program = programOf(block);
  return /(from |require\()'bossman'/.test(program);
}

/** Functions that a reader of the documents would have. */
const READERS_OWN = ['buildReport', 'cleanUp', 'count', 'sendDigest'];

function missingIn(code: string): string[] {
  const own = READERS_OWN.filter((name) => new RegExp(`\\b${name}\\(`).test(code));
  const missing = own.map((name) => `const ${name} = async (..._given: unknown[]): Promise<void> => {};`);
  // A fragment speaks of the instance of an example above it.
  const isFragment = /\bfred\b/.test(code) && !/\bfred =/.test(code);
  if (isFragment) missing.unshift("import Bossman from 'bossman';\nconst fred = new Bossman();");
  return missing;
}
