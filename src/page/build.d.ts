/** The page's parts: what `build.js` bundles. */
export function buildPage(): { html: string; script: string; style: string };
