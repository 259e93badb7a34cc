import { PAGE } from './generated';

/** Nothing is loaded from other hosts, and no text of a job, a host or a note can become a script or a style. */
export const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** For assets, whose names contain a hash of their content. */
export const IMMUTABLE = 'private, max-age=31536000, immutable';

const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
};

/** The content type of an asset. */
export function typeOf(asset: string): string {
  return TYPES[asset.slice(asset.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
}

/**
 * The page. Its links are relative, so it works below any base path, even behind a proxy that removes it.
 *
 * @param path the path that the browser requested; links are relative to its last `/`
 */
export function documentAt(path: string): string {
  const folder = path.slice(path.lastIndexOf('/') + 1);
  return PAGE.replaceAll('BASE/', () => (folder === '' ? './' : `./${escaped(folder)}/`));
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
