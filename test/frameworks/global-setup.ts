import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');

/** Packs the package once, for all test files; `PACKED` says where it is. */
export default function globalSetup(): void {
  const folder = mkdtempSync(join(tmpdir(), 'bossman-packed-'));
  execFileSync('npm', ['pack', '--pack-destination', folder], { cwd: ROOT, stdio: 'pipe' });
  const [tarball = ''] = readdirSync(folder);
  process.env.PACKED = join(folder, tarball);
}
