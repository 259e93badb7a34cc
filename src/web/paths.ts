import { Refusal } from './refusal';

const ACTIONS = 'history|demand|pause|resume|fire|forget';
const ROUTE = new RegExp(`/(?:assets/[^/]+|api/(?:fleet|ahead|events|jobs(?:/[^/]+(?:/(?:${ACTIONS}))?)?))$`);

/**
 * Which of our routes a path leads to, such as `/api/jobs`; `/` is the page.
 *
 * @param base what stands before it, without a slash at its end; null where it is not known: then what ends like a route
 * of ours is one, and everything else is the page
 * @returns null: it is not below the base
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
    // As an empty one.
  }
  throw new Refusal(400, 'BAD_REQUEST', 'the path has a name that cannot be read');
}

function fromBase64(text: string): string {
  if (!/^[\w-]+$/.test(text)) throw new SyntaxError('no base64url');
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(text, 'base64url'));
}
