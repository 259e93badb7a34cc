import { Refusal } from './refusal';

const ACTIONS = 'history|demand|pause|resume|fire|forget';
const ROUTE = new RegExp(`/(?:assets/[^/]+|api/(?:fleet|ahead|events|jobs(?:/[^/]+(?:/(?:${ACTIONS}))?)?))$`);

/**
 * Which of our routes a path means, such as `/api/jobs`; `/` is the page.
 *
 * @param base the part before the route, without a trailing slash; null if it is unknown: then a path that ends like one of
 *   our routes is that route, and every other path is the page
 * @returns null if the path is not below the base
 */
export function routeIn(path: string, base: string | null): string | null {
  if (base === null) return ROUTE.exec(path)?.[0] ?? '/';
  if (path === base) return '/';
  return path.startsWith(`${base}/`) ? path.slice(base.length) : null;
}

/**
 * Reads what `segmentOf` wrote.
 *
 * @throws Refusal
 */
export function nameIn(segment: string): string {
  try {
    const name = segment.startsWith('=') ? fromBase64(segment.slice(1)) : decodeURIComponent(segment);
    if (name !== '') return name;
  } catch {
    // Refused like an empty name.
  }
  throw new Refusal(400, 'BAD_REQUEST', 'the name in the path cannot be decoded');
}

function fromBase64(text: string): string {
  if (!/^[\w-]+$/.test(text)) throw new SyntaxError('no base64url');
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(text, 'base64url'));
}
