/** The parts of the page, as `build.js` bundles them. */
export function buildPage(): { html: string; script: string; style: string };
