import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { History } from './history';

/** Writes a history to a file of JSON lines; the first line contains the jobs. @returns its path */
export function keep({ jobs, entries }: History, seed: number): string {
  const path = join(mkdtempSync(join(tmpdir(), 'bossman-chaos-')), `seed-${seed}.jsonl`);
  const lines = [{ jobs }, ...entries].map((line) => JSON.stringify(line));
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}
