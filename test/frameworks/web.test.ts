import { blocksOf } from '../docs/blocks';
import { waitFor } from '../support/wait';
import { freePort } from './http';
import { sectionsOf, WEB } from './page';
import { Project } from './project';

const [{ files } = { files: {} }] = sectionsOf(
  blocksOf(WEB.page).filter(({ section }) => section === WEB.section),
);
const PACKAGES = [
  ...[
    'express',
    'fastify',
    '@fastify/middie',
    'koa',
    'hono',
    '@hono/node-server',
    'next',
    'react',
    'react-dom',
  ],
  ...[
    '@nestjs/core',
    '@nestjs/common',
    '@nestjs/platform-express',
    'reflect-metadata',
    'rxjs',
    'bun',
    'deno',
  ],
];
const LAYOUT = `export default function Layout({ children }) {
  return <html lang="en"><body>{children}</body></html>;
}
`;
/** How each program of the page is started, and below which path the pages are then. */
const PROGRAMS: Record<string, { command: string; base: string }> = {
  'http.mjs': { command: 'node http.mjs', base: '' },
  'express.mjs': { command: 'node express.mjs', base: '/jobs' },
  'fastify.mjs': { command: 'node fastify.mjs', base: '/jobs' },
  'koa.mjs': { command: 'node koa.mjs', base: '/jobs' },
  'nest.mjs': { command: 'node nest.mjs', base: '/jobs' },
  'hono.mjs': { command: 'node hono.mjs', base: '/jobs' },
  'bun.mjs': { command: 'npx bun bun.mjs', base: '/jobs' },
  'bun-serve.mjs': { command: 'npx bun bun-serve.mjs', base: '/jobs' },
  'deno.mjs': { command: 'npx deno run -A deno.mjs', base: '' },
  'app/jobs/[[...path]]/route.js': { command: 'npx next start', base: '/jobs' },
};
const OTHERS = ['jobs.mjs', 'next.config.mjs'];
const JOBS_PASSWORD = 'sesame';

let project: Project;

beforeAll(async () => {
  project = await Project.make();
  project.write({
    'package.json': '{ "private": true, "type": "module" }',
    ...files,
    'app/layout.js': LAYOUT,
  });
  await project.run(`npm install bossman ${PACKAGES.join(' ')}`);
  await project.run('node node_modules/bun/install.js');
  await project.run('node node_modules/deno/install.cjs');
  await project.run('npx next build');
}, 600_000);

afterAll(() => project.remove());

it('every program of the page is tried', () => {
  expect(Object.keys(files).sort()).toEqual([...Object.keys(PROGRAMS), ...OTHERS].sort());
});

it.each(Object.entries(PROGRAMS))('%s serves the page and its API', async (_, { command, base }) => {
  const port = await freePort();
  const service = project.start(command, { PORT: port, JOBS_PASSWORD });
  const authorization = `Basic ${btoa(`ops:${JOBS_PASSWORD}`)}`;
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`http://localhost:${port}${path}`, { ...init, headers: { authorization, ...init.headers } });
  const post = (path: string, site: string) =>
    ask(`${base}/api/jobs/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'sec-fetch-site': site },
      body: '{}',
    });
  await waitFor('the page', async () => (await ask(base || '/')).ok, { timeoutMs: 60_000, everyMs: 200 });

  for (const path of base === '' ? ['/'] : [base, `${base}/`]) {
    const page = await ask(path);
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    const links = [...(await page.text()).matchAll(/(?:src|href)="(\.[^"]*)"/g)];
    expect(links.length).toBeGreaterThanOrEqual(2);
    for (const [, link = ''] of links) {
      expect((await ask(new URL(link, page.url).pathname)).status).toBe(200);
    }
  }
  expect((await ask(`${base}/api/jobs`, { headers: { authorization: '' } })).status).toBe(401);
  expect(await (await ask(`${base}/api/jobs`)).json()).toMatchObject({ access: 'write', who: 'ops' });
  expect((await post('nobody/pause', 'same-origin')).status).toBe(404);
  expect((await post('nobody/pause', 'cross-site')).status).toBe(403);
  const events = (await ask(`${base}/api/events`)).body?.getReader();
  const { value } = (await events?.read()) ?? {};
  expect(Buffer.from(value ?? []).toString()).toMatch(/^event: ready\n/);
  await events?.cancel();
  service.signal('SIGTERM');
});
