import { connect } from 'node:net';
import type { WebOptions } from '../../src/web';
import { web } from '../../src/web';
import { ASSETS } from '../../src/web/generated';
import { makeFleet } from '../support/fleet';
import { waitFor } from '../support/wait';
import { type RunningSite, serve, serveWeb } from './site';

const fleet = makeFleet();
const work = () => {};
const SAME = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' };

async function siteOf(options: WebOptions = {}): Promise<RunningSite> {
  const fred = fleet.join();
  await fred.hire('job', { every: '1 hour', work });
  return (await serveWeb(fleet, fred, options)).site;
}

/** What a page loads; its icon is in the page itself. */
function linksIn(page: string): string[] {
  const links = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link = '']) => link);
  return links.filter((link) => !link.startsWith('data:image/svg+xml,'));
}

async function isPaused(site: RunningSite): Promise<boolean> {
  return (await site.get('/api/jobs/job')).json.job.paused !== null;
}

it('no answer lets a browser run, embed, guess or pass on anything', async () => {
  const site = await siteOf();
  const [asset = ''] = Object.keys(ASSETS);
  const paths = ['/', '/api/jobs', '/api/jobs/nobody', '/api/jobs/%', `/assets/${asset}`];
  for (const path of paths) {
    const { headers } = await site.get(path);
    const csp = String(headers['content-security-policy']);
    expect(csp).toContain("default-src 'none'");
    expect(csp).toContain("frame-ancestors 'none'");
    expect(csp).not.toMatch(/unsafe|\*|https?:/);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
      'cache-control': expect.stringMatching(path.startsWith('/assets/') ? /immutable/ : /^no-store/),
    });
  }
  const refused = await site.ask('/api/jobs/job/fire', { method: 'POST' });
  expect(refused.status).toBe(415);
  expect(refused.headers['content-security-policy']).toBeDefined();
});

it('the page has no script or style of its own, and its links are relative', async () => {
  const site = await siteOf();
  const { text: page, headers } = await site.get('/');
  expect(headers['content-type']).toMatch(/^text\/html; charset=utf-8$/i);
  expect(page).not.toMatch(/<style|<script[^>]*>[^<]|\son\w+=|\sstyle=/i);
  const links = linksIn(page);
  expect(links.length).toBeGreaterThanOrEqual(2);
  for (const link of links) {
    expect(link).toMatch(/^\.\/assets\/page-[0-9a-f]{12}\.(js|css)$/);
    expect((await site.get(link.slice(1))).status).toBe(200);
  }
  const packed = await site.get(`/assets/${Object.keys(ASSETS)[0]}`, { 'accept-encoding': 'gzip' });
  expect(packed.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding' });
});

it('a path in the address cannot become markup', async () => {
  const site = await siteOf();
  for (const path of ['/"><script>alert(1)</script>', "/'><b>", '/javascript:alert(1)', '/a&quot;b']) {
    const { text: page } = await site.get(encodeURI(path).replaceAll('%22', '"'));
    for (const link of linksIn(page)) expect(link).toMatch(/^\.\//);
    expect(page).not.toMatch(/<b>|alert\(1\)<|"><script>alert/);
  }
});

it('hostile names, notes and errors leave as JSON, never as HTML', async () => {
  const fred = fleet.join();
  const { site } = await serveWeb(fleet, fred);
  const name = '</script><script>alert(1)</script>';
  fleet.allowErrors(/WORK_FAILED/);
  await fred.hire(name, {
    work: () => {
      throw new Error(name);
    },
  });
  await fred.demand(name);
  await fred.pause(name, { note: name });
  await waitFor('its failure', async () => (await fred.history(name)).length === 1);
  const { headers, json } = await site.get('/api/jobs');
  expect(headers['content-type']).toMatch(/^application\/json/);
  expect(json.jobs[0]).toMatchObject({ name, paused: { note: name }, lastRun: { error: name } });
  const missing = await site.get(`/api/jobs/${encodeURIComponent('<b>')}`);
  expect(missing.headers['content-type']).toMatch(/^application\/json/);
});

it.each([
  ['no content type', { 'sec-fetch-site': 'same-origin' }, 415],
  ['that of a form', { 'sec-fetch-site': 'same-origin', 'content-type': 'text/plain' }, 415],
  ['another that begins alike', { ...SAME, 'content-type': 'application/jsonp' }, 415],
  ['neither origin nor site', { 'content-type': 'application/json' }, 403],
  ['another site', { ...SAME, 'sec-fetch-site': 'cross-site' }, 403],
  ['another port of this host', { ...SAME, 'sec-fetch-site': 'same-site' }, 403],
  ['another origin', { 'content-type': 'application/json', origin: 'http://evil.example' }, 403],
  ['an opaque origin', { 'content-type': 'application/json', origin: 'null' }, 403],
  ['another site with our origin', { ...SAME, 'sec-fetch-site': 'none', origin: 'OWN' }, 403],
])('a POST with %s changes nothing', async (_, headers, status) => {
  const site = await siteOf({ authorize: () => 'write' });
  const sent = Object.fromEntries(
    Object.entries(headers).map(([k, v]) => [k, v.replace('OWN', site.origin)]),
  );
  const answer = await site.ask('/api/jobs/job/pause', { method: 'POST', headers: sent, body: '{}' });
  expect(answer.status).toBe(status);
  expect(await isPaused(site)).toBe(false);
});

it("a POST from the page's own origin is accepted", async () => {
  const site = await siteOf();
  const headers = { 'content-type': 'application/json; charset=utf-8', origin: site.origin };
  const answer = await site.ask('/api/jobs/job/pause', { method: 'POST', headers, body: '{}' });
  expect(answer.status).toBe(200);
  expect(await isPaused(site)).toBe(true);
});

it.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '10.0.0.1', '[::2]:80'])(
  'without authorize, the host %s is refused, as a foreign name may lead to this machine',
  async (host) => {
    const site = await siteOf();
    for (const path of ['/', '/api/jobs', '/api/events']) {
      expect((await site.get(path, { host })).status).toBe(403);
    }
    expect((await site.post('/api/jobs/job/pause', {}, { host })).status).toBe(403);
    expect(await isPaused(site)).toBe(false);
  },
);

it.each(['localhost', 'LOCALHOST:1234', 'shop.localhost', '127.0.0.1:80', '[::1]:80'])(
  'without authorize, the host %s is served',
  async (host) => expect((await (await siteOf()).get('/api/jobs', { host })).status).toBe(200),
);

it('without authorize, neither a proxy nor an unknown address is served', async () => {
  const fred = fleet.join();
  const { site, pages } = await serveWeb(fleet, fred);
  for (const name of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via']) {
    expect((await site.get('/', { [name]: '10.0.0.1' })).status).toBe(403);
  }
  const request = () => new Request('http://localhost/api/jobs');
  expect((await pages.fetch(request())).status).toBe(403);
  const from = (remoteAddress: string) => ({ incoming: { socket: { remoteAddress } } });
  expect((await pages.fetch(request(), from('10.0.0.1'))).status).toBe(403);
  expect((await pages.fetch(request(), from('127.0.0.1'))).status).toBe(200);
  expect((await pages.fetch(request(), { requestIP: () => ({ address: '::1' }) })).status).toBe(200);
  expect((await pages.fetch(request(), { requestIP: () => ({ address: '::2' }) })).status).toBe(403);
  expect((await pages.fetch(request(), { remoteAddr: { hostname: '127.0.0.1' } })).status).toBe(200);
});

it('authorize decides, also by a promise: access, name, and 401 or 403', async () => {
  const site = await siteOf({
    authorize: async ({ headers }, original) => {
      if (!(original && typeof original === 'object' && 'socket' in original)) throw new Error('not ours');
      const who = headers.get('x-user');
      if (who === 'ann') return { access: 'write', who };
      if (who === 'bob') return 'read';
      return who === 'eve' ? null : { access: null, challenge: 'Basic realm="x"' };
    },
  });
  const as = (user: string) => ({ 'x-user': user, host: 'jobs.example' });
  expect((await site.get('/api/jobs', as('ann'))).json).toMatchObject({ access: 'write', who: 'ann' });
  expect((await site.get('/api/jobs', as('bob'))).json).toMatchObject({ access: 'read', who: null });
  for (const path of ['/', '/api/jobs', '/api/events', '/api/jobs/job/history', '/nowhere']) {
    expect((await site.get(path, as('eve'))).status).toBe(403);
    const unknown = await site.get(path, as('nobody'));
    expect(unknown).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } });
  }
  for (const [user, status] of [
    ['eve', 403],
    ['nobody', 401],
    ['bob', 403],
    ['ann', 200],
  ] as const) {
    expect((await site.post('/api/jobs/job/fire', {}, as(user))).status).toBe(status);
  }
});

it.each([
  [
    'throws',
    () => {
      throw new Error('the secret');
    },
  ],
  ['rejects', () => Promise.reject(new Error('the secret'))],
  ['returns nothing', () => undefined],
  ['returns true', () => true],
  ['returns another word', () => 'admin'],
  ['returns another access', () => ({ access: 'admin' })],
])('an authorize that %s is a 500 that shows nothing, and an event error', async (_, authorize) => {
  fleet.allowErrors(/^WEB: authorize/);
  const site = await siteOf({ authorize: authorize as never });
  for (const answer of [await site.get('/api/jobs'), await site.post('/api/jobs/job/fire')]) {
    expect(answer.status).toBe(500);
    expect(answer.text).not.toMatch(/secret|admin|\.ts/);
  }
  expect(fleet.told.error.some(({ code }) => code === 'WEB')).toBe(true);
});

it.each<[string, WebOptions]>([
  ['the option readOnly', { readOnly: true, authorize: () => 'write' }],
  ['the option readOnly alone', { readOnly: true }],
  ['authorize', { authorize: () => 'read' }],
])('%s makes the page read-only, and the server enforces it', async (_, options) => {
  const site = await siteOf(options);
  expect((await site.get('/api/jobs')).json.access).toBe('read');
  for (const action of ['demand', 'pause', 'resume', 'fire', 'forget']) {
    const answer = await site.post(`/api/jobs/job/${action}`);
    expect(answer).toMatchObject({ status: 403, json: { error: { code: 'READ_ONLY' } } });
  }
  expect(fleet.told.steered).toEqual([]);
  expect((await site.get('/api/jobs/job')).json.job).toMatchObject({ fired: false, paused: null });
});

it('a body that never ends is cut off', async () => {
  const site = await siteOf();
  const socket = connect(site.port, '127.0.0.1');
  const head = Object.entries({ host: 'localhost', 'transfer-encoding': 'chunked', ...SAME });
  socket.write(
    `POST /api/jobs/job/pause HTTP/1.1\r\n${head.map(([k, v]) => `${k}: ${v}`).join('\r\n')}\r\n\r\n`,
  );
  const flood = setInterval(() => socket.write(`1000\r\n${'x'.repeat(4096)}\r\n`), 5);
  socket.on('error', () => {});
  socket.on('close', () => clearInterval(flood));
  let heard = '';
  socket.on('data', (data) => {
    heard += data;
  });
  await waitFor('a refusal', () => heard.startsWith('HTTP/1.1 413'));
  socket.destroy();
  await waitFor('the socket to be closed', () => socket.destroyed);
  expect(await isPaused(site)).toBe(false);
});

it('invalid arguments throw at once', () => {
  const fred = fleet.join();
  expect(() => web({} as never)).toThrow(/not a Bossman/);
  expect(() => web(null as never)).toThrow(/not a Bossman/);
  expect(() => web(fred, { authorize: 'write' as never })).toThrow("authorize: 'write' is not a function");
  expect(() => web(fred, { readOnly: 'yes' as never })).toThrow("readOnly: 'yes' is not a boolean");
  expect(() => web(fred, { base: 'jobs' })).toThrow("base: 'jobs' is not a path such as '/jobs'");
  expect(() => web(fred, null as never)).toThrow('options: null is not an object');
});

it('works below any path: detected, given, or removed by the server that mounts it', async () => {
  const fred = fleet.join();
  const given = web(fred, { base: '/x/api/jobs/' });
  const found = web(fred);
  const site = await serve(fleet, (req, res) => {
    if (req.url?.startsWith('/x/api/jobs')) return given.handler(req, res, () => res.end('next'));
    if (!req.url?.startsWith('/mounted')) return found.handler(req, res);
    // As Express and Connect do.
    Object.assign(req, { originalUrl: req.url, url: req.url.slice('/mounted'.length) || '/' });
    return found.handler(req, res, () => res.end('next'));
  });
  for (const base of ['/ops/jobs', '/x/api/jobs', '/mounted', '']) {
    const { json } = await site.get(`${base}/api/jobs`);
    expect(json.prefix).toBe(fleet.prefix);
    const pages = base === '' ? ['/'] : [base, `${base}/`];
    for (const path of pages) {
      const { text: page } = await site.get(path);
      for (const link of linksIn(page)) {
        const { pathname } = new URL(link, site.origin + path);
        expect(pathname).toMatch(new RegExp(`^${base}/assets/page-`));
        expect((await site.get(pathname)).status).toBe(200);
      }
    }
  }
  expect((await site.get('/x/api/jobsite')).text).toBe('next');
});
