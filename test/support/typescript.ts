import { join } from 'node:path';

/** Arguments of node with which it runs the TypeScript of this repository. */
export const TYPESCRIPT = ['--require', join(__dirname, 'require-typescript.cjs')];
