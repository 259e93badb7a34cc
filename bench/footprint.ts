import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import type { PeerName } from './names';

const ROOT = dirname(__dirname);
const AGENDA = [
  join(__dirname, 'node_modules', 'agenda'),
  join(__dirname, 'node_modules', '@agendajs', 'redis-backend'),
];
const PACKAGES_OF: Partial<Record<PeerName, string[]>> = {
  original: [join(__dirname, 'node_modules', 'bossbat')],
  bullmq: [join(__dirname, 'node_modules', 'bullmq')],
  agenda: AGENDA,
};

/**
 * The size of an installed peer: its package and all of its dependencies, each counted once. Packages that only contain types
 * count, too.
 */
export function footprintOf(peer: PeerName): { packages: number; bytes: number } {
  const found = new Set<string>();
  if (peer === 'bossman') {
    for (const name of dependenciesOf(ROOT)) collect(ROOT, name, found);
    const sources = readdirSync(join(ROOT, 'src')).filter((file) => file.endsWith('.ts'));
    const published = [...sources.map((file) => join('src', file)), 'dist', 'README.md'];
    return {
      packages: found.size + 1,
      bytes: total(published.map((path) => join(ROOT, path))) + total(found),
    };
  }
  for (const path of PACKAGES_OF[peer] ?? []) collectPackage(path, found);
  return { packages: found.size, bytes: total(found) };
}

function total(paths: Iterable<string>): number {
  return [...paths].reduce((sum, path) => sum + sizeOf(path), 0);
}

function collect(from: string, name: string, found: Set<string>): void {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', name);
    if (existsSync(join(path, 'package.json'))) {
      collectPackage(path, found);
      return;
    }
    // An optional dependency may be missing.
    if (dirname(folder) === folder) return;
  }
}

function collectPackage(path: string, found: Set<string>): void {
  if (found.has(path)) return;
  found.add(path);
  for (const name of dependenciesOf(path)) collect(path, name, found);
}

function dependenciesOf(path: string): string[] {
  const manifest: { dependencies?: object } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
  return Object.keys(manifest.dependencies ?? {});
}

/** Nested packages are left out: those that are needed are counted separately. */
function sizeOf(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path)
    .filter((name) => name !== 'node_modules')
    .reduce((sum, name) => sum + sizeOf(path + sep + name), 0);
}
