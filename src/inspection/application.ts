import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Characters; longer names are truncated. */
const LONGEST = 100;

let application: string | null | undefined;

/**
 * What the process is, for display: name and version from the application's package.json, as in `shop@1.4.0`, else the
 * name of the main script; null if there is neither. Read once. Never throws.
 */
export function applicationOfProcess(): string | null {
  application ??= applicationOf(process.argv[1], process.cwd);
  return application;
}

/**
 * @param script the path of the main script. If it belongs to a package (a framework or process manager), it does not
 *   identify the application, so the working directory is used instead.
 */
export function applicationOf(script: string | undefined, cwd: () => string): string | null {
  try {
    const isOwn = script !== undefined && !/[\\/]node_modules[\\/]/.test(script);
    const name =
      nearestPackage(isOwn ? dirname(script) : cwd()) ?? (script === undefined ? null : basename(script));
    return name?.slice(0, LONGEST) ?? null;
  } catch {
    // The working directory is gone.
    return null;
  }
}

/** The application of the nearest package.json with a name, in the directory or above it. */
function nearestPackage(folder: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    const found = packageIn(at);
    if (found !== null) return found;
    if (dirname(at) === at) return null;
  }
}

function packageIn(folder: string): string | null {
  try {
    const { name, version }: Record<string, unknown> = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    );
    if (typeof name !== 'string' || name === '') return null;
    return typeof version === 'string' ? `${name}@${version}` : name;
  } catch {
    return null;
  }
}

/** The application without its version, which differs during a deploy. */
export function nameOfApplication(of: string): string {
  return of.replace(/(?<=.)@[^@/]*$/, '');
}
